using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace LaKvm.Cli.Tests;

/// <summary>
/// Mistakes on the command line: one sentence, the right exit code, nothing on stdout, no stack trace.
/// </summary>
public class CommandLineTests
{
    [Theory]
    [InlineData("frobnicate", "no command or option 'frobnicate'")]
    [InlineData("host --frobnicate", "no command or option '--frobnicate'")]
    [InlineData("host --cpus 0", "--cpus: '0' is not a number from 1 to")]
    [InlineData("host --cpus many", "--cpus: 'many' is not a number")]
    [InlineData("host --memory 2GB", "--memory: '2GB' is not a size")]
    [InlineData("host --drive disk.img,often", "not 'often'")]
    [InlineData("host --share ,readonly", "--share needs a directory")]
    [InlineData("host --share .,tag=", "--share: the tag '' does not have 1 to 31 bytes")]
    [InlineData("host --share . --share .", "two shares have the tag 'share'; write tag=NAME")]
    [InlineData("host program", "no command or option 'program'")]
    [InlineData("host stray -- program", "no command or option 'stray'")]
    [InlineData("host --timeout 0 -- program", "--timeout: '0' is not a number from 1")]
    [InlineData("host --initrd /dev/null -- program", "leave --initrd out")]
    [InlineData("run --netdev user,hostfwd=tcp::2222", "'hostfwd=tcp::2222' is not hostfwd=tcp|udp:[HOST]:PORT-")]
    [InlineData("run --netdev user,hostfwd=tcp:here:1-:2", "'here' is not an IPv4 address")]
    [InlineData("run --netdev user,hostfwd=tcp::0-:2", "'0' is not a port")]
    [InlineData("run --netdev cable", "--netdev: 'cable' is not of the form user")]
    [InlineData("host --engine fast", "--engine: 'fast' is none of")]
    [InlineData("run --irqchip cloud", "--irqchip: 'cloud' is none of")]
    [InlineData("run --netdev udp=[::1]:1,local=127.0.0.1:2", "[::1]:1 cannot be reached from 127.0.0.1:2")]
    [InlineData("host --irqchip user", "no command or option '--irqchip'. It belongs to lakvm run.")]
    [InlineData("rnu", "Did you mean 'run'?")]
    [InlineData("run --memroy 1G", "Did you mean '--memory'?")]
    [InlineData("run --engine transltor", "Did you mean 'translator'?")]
    [InlineData("help imges", "Did you mean 'images'?")]
    [InlineData("run --trace-exits idle,cpucgf", "Did you mean 'cpucfg'?")]
    [InlineData("run --escape-key x", "--escape-key: 'x' is not ctrl-LETTER")]
    [InlineData("run --gdb port", "--gdb: 'port' is not [HOST:]PORT|unix:PATH")]
    [InlineData("run --gdb 65536", "--gdb: '65536' is not [HOST:]PORT|unix:PATH")]
    [InlineData("run --gdb unix:", "--gdb: '' is no path that a socket can have")]
    [InlineData("host --wait", "--wait: there is nobody to wait for")]
    [InlineData("run --exit-on-eof 0", "--exit-on-eof: '0' is not a number from 1")]
    [InlineData("host --acpi maybe", "--acpi: 'maybe' is none of on|off")]
    [InlineData("host --virtio usb", "--virtio: 'usb' is none of mmio|pci")]
    [InlineData("run --nvram vars.fd", "--nvram belongs to a --firmware")]
    [InlineData("run --firmware /dev/zero --load a@0x1000", "--load has no place beside a --firmware")]
    [InlineData("host --log-level loud", "--log-level: 'loud' is none of")]
    [InlineData("host --kernel", "--kernel")]
    [InlineData("images fetch", "See lakvm images fetch --help.")]
    [InlineData("images fetch fedora", "Must be one of: 'debian'")]
    public void Usage_error_is_one_sentence_and_exit_code_2(string arguments, string message) =>
        ShouldFail(ExitCode.Usage, message, arguments.Split(' '));

    [Theory]
    [InlineData("host --kernel /nonexistent/kernel", "--kernel: there is no file '/nonexistent/kernel'")]
    [InlineData("host --kernel /", "--kernel: '/' is a directory")]
    [InlineData("host --kernel /dev/null", "no kernel image")]
    [InlineData("host --firmware /nonexistent/fd", "--firmware: there is no file '/nonexistent/fd'")]
    [InlineData("host --bios /dev/null", "does not fit into the flash")]
    [InlineData("run --firmware /dev/null --nvram /", "The firmware's files cannot be used")]
    [InlineData("host --initrd /nonexistent/initrd", "--initrd: there is no file")]
    [InlineData("host --memory 17", "--memory: 17 MiB is too little")]
    [InlineData("host --drive /tmp", "--drive: '/tmp' is a directory")]
    [InlineData("host --drive /nonexistent/disk,readonly", "--drive: there is no file '/nonexistent/disk'")]
    [InlineData("host --share /nonexistent/directory", "--share: there is no directory '/nonexistent/directory'")]
    [InlineData("host --share /dev/null", "--share: '/dev/null' is not a directory")]
    [InlineData("host --memory 1M", "--memory: 1 MiB is too little")]
    [InlineData("host --memory 16000000T", "that this computer has")]
    [InlineData("host --memory 100001K", "--memory: must be a multiple of 64 KiB")]
    public void Unusable_file_or_size_is_one_sentence_and_exit_code_1(string arguments, string message) =>
        ShouldFail(ExitCode.Failure, message, arguments.Split(' '));

    [Fact]
    public void Image_cut_short_is_refused()
    {
        using var kernel = new TestKernel(TestKernel.PowerOff);
        using (FileStream file = File.OpenWrite(kernel.Path))
        {
            file.SetLength(100);
        }

        ShouldFail(ExitCode.Failure, kernel.Path, "host", "--kernel", kernel.Path);
    }

    [Theory]
    [InlineData("QFI\u00fb\0\0\0\u0003", "qcow2")]
    [InlineData("KDMV\u0003\0\0\0", "vmdk")]
    [InlineData("vhdxfile", "vhdx")]
    public void Disk_image_in_a_format_of_its_own_is_refused(string start, string format)
    {
        using var kernel = new TestKernel(TestKernel.PowerOff);
        string disk = Path.GetTempFileName();
        try
        {
            File.WriteAllBytes(disk, Encoding.Latin1.GetBytes(start + new string('\0', 4096)));

            ShouldFail(ExitCode.Failure, $"is a {format} image", "run", "--kernel", kernel.Path, "--drive", disk);
        }
        finally
        {
            File.Delete(disk);
        }
    }

    [Theory]
    [InlineData(",snapshot", ",snapshot", true)]
    [InlineData(",readonly", ",snapshot", true)]
    [InlineData("", ",snapshot", false)]
    [InlineData("", "", false)]
    public void Disk_that_a_guest_writes_to_is_no_others(string mode, string otherMode, bool allowed)
    {
        using var kernel = new TestKernel(TestKernel.PowerOff);
        string disk = Path.GetTempFileName();
        try
        {
            string[] arguments = ["run", "--kernel", kernel.Path, "--drive", disk + mode, "--drive", disk + otherMode];
            if (allowed)
            {
                LakvmProcess.Run(arguments).ExitCode.Should().Be(ExitCode.Success);
            }
            else
            {
                ShouldFail(ExitCode.Failure, "used by another process", arguments);
            }
        }
        finally
        {
            File.Delete(disk);
        }
    }

    [Theory]
    [InlineData("--kernel")]
    [InlineData("--initrd")]
    [InlineData("--memory")]
    [InlineData("--drive")]
    [InlineData("--netdev")]
    [InlineData("--stat")]
    [InlineData("--trace")]
    [InlineData("--log-file")]
    public void Empty_value_is_a_usage_error(string option) =>
        ShouldFail(ExitCode.Usage, $"{option}: the value is empty.", "run", option, "");

    [Theory]
    [InlineData("run --e", "--engine --escape-key --exit-on-eof")]
    [InlineData("run --engine ", "check interpreter translator")]
    [InlineData("ho", "host")]
    [InlineData("images ", "--help -? -h fetch list")]
    [InlineData("help im", "images")]
    public void Completion_knows_commands_options_and_values(string typed, string expected)
    {
        string line = $"lakvm {typed}";

        (int exitCode, string output, _) = LakvmProcess.Run($"[suggest:{line.Length}]", line);

        (exitCode, output.ReplaceLineEndings(" ").Trim()).Should().Be((0, expected));
    }

    [Fact]
    public void Completion_script_teaches_bash()
    {
        const string script = """
            source <("$1" completion bash)
            COMP_LINE="$1 run --engine trans --cpus 2" COMP_POINT=$((${#1} + 19)) COMP_CWORD=3
            COMP_WORDS=("$1" run --engine trans --cpus 2)
            _lakvm
            echo "${COMPREPLY[@]}"
            complete -p lakvm
            """;
        using var bash = Process.Start(new ProcessStartInfo("bash", ["-c", script, "bash", LakvmProcess.Executable])
        {
            RedirectStandardOutput = true,
        })!;

        string output = bash.StandardOutput.ReadToEnd();

        output.Should().StartWith("translator\n").And.Contain("-F _lakvm lakvm");
    }

    [Theory]
    [InlineData("")]
    [InlineData("help")]
    [InlineData("help host")]
    [InlineData("help images fetch")]
    [InlineData("images")]
    [InlineData("--help")]
    [InlineData("host --help")]
    public void Help_goes_to_stdout_and_succeeds(string arguments)
    {
        (int exitCode, string output, string errors) =
            LakvmProcess.Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        (exitCode, errors).Should().Be((0, ""));
        output.Should().Contain("Usage:").And.Contain("--help");
    }

    private static void ShouldFail(int expected, string message, params string[] arguments)
    {
        (int exitCode, string output, string errors) = LakvmProcess.Run(arguments);

        (exitCode, output).Should().Be((expected, ""));
        errors.Should().StartWith("lakvm: ").And.Contain(message);
        errors.TrimEnd().Should().NotContain("\n", "one sentence says it");
    }
}
