using System.Text.RegularExpressions;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace LaKvm.Cli.Tests;

/// <summary>
/// The page of --web in a browser, Debian's chromium; what it looks like is kept in artifacts/browser.
/// </summary>
[Trait("Category", "Slow")]
public sealed partial class BrowserTests : IAsyncLifetime, IDisposable
{
    private const string Chromium = "/usr/bin/chromium";

    private static readonly string _pictures = Path.Combine(LakvmProcess.Root, "artifacts/browser");

    /// <summary>Sends back what is typed, and polls the serial port meanwhile: an exit each time.</summary>
    private readonly TestKernel _kernel = new(TestKernel.Print("up>") + """
        4: ld.bu $t0, $s0, 5
        andi $t0, $t0, 1
        beqz $t0, 4b
        ld.bu $t0, $s0, 0
        st.b $t0, $s0, 0
        b 4b

        """, "echo_loop");

    private LakvmProcess _lakvm = null!;
    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;
    private string _address = "";

    public async Task InitializeAsync()
    {
        File.Exists(Chromium).Should().BeTrue("the package chromium has to be installed");
        string log = Path.GetTempFileName();
        _lakvm = LakvmProcess.OfShell($"exec $lakvm run --kernel {_kernel.Path} --memory 64 --cpus 2 --web 0 2>{log}");
        _lakvm.Expect("up>", TimeSpan.FromSeconds(60));
        _address = PageAddress().Match(await File.ReadAllTextAsync(log)).Value;
        File.Delete(log);
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = Chromium,
            Args = ["--no-sandbox", "--disable-gpu"],
        });
    }

    public async Task DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }

    public void Dispose()
    {
        _lakvm.Dispose();
        _kernel.Dispose();
    }

    [Fact]
    public async Task Person_types_at_the_console_and_pauses_and_resumes_and_looks_inside()
    {
        IPage page = await OpenAsync(ColorScheme.Light, 1280);
        ILocator state = page.Locator("#state");
        await Expect(state).ToHaveTextAsync("running");

        await page.EvaluateAsync("() => document.querySelector('.xterm-helper-textarea, #plain-input').focus()");
        await page.Keyboard.TypeAsync("hello, guest");
        await page.Keyboard.PressAsync("Enter");
        await page.WaitForFunctionAsync("() => consoleText().includes('hello, guest')");

        await ClickAsync(page, "Registers");
        await Expect(page.Locator("#inside")).ToContainTextAsync("a0   ");
        await ClickAsync(page, "Code");
        await Expect(page.Locator("#inside")).ToContainTextAsync("echo_loop");
        await page.Keyboard.PressAsync("ArrowLeft");
        await page.Keyboard.PressAsync("ArrowLeft");
        await Expect(page.Locator("#inside")).ToContainTextAsync("csr_crmd", new() { Timeout = 20_000 });
        await PictureAsync(page, "light");

        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(state).ToHaveTextAsync("paused");
        await Expect(page.Locator("#events")).ToContainTextAsync("STOP");
        await page.GetByLabel("Command").FillAsync("info name");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#command-output")).ToContainTextAsync(Path.GetFileName(_kernel.Path));
        await page.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(state).ToHaveTextAsync("running");
    }

    [Fact]
    public async Task Counters_live_and_the_page_loads_nothing_from_elsewhere()
    {
        IPage page = await _browser.NewPageAsync(new() { BypassCSP = true });
        var elsewhere = new List<string>();
        page.Request += (_, request) =>
        {
            if (!request.Url.StartsWith(_address, StringComparison.Ordinal))
            {
                elsewhere.Add(request.Url);
            }
        };
        await page.GotoAsync(_address);
        ILocator rate = page.Locator("#exits tbody tr").Filter(new() { HasText = "mmio" }).Locator("td").First;
        await Expect(rate).ToHaveTextAsync(new Regex("[1-9][0-9]+"), new() { Timeout = 20_000 });
        await Expect(page.Locator("#timeline figcaption").First).ToContainTextAsync("guest");
        await Expect(page.Locator("#timeline canvas")).ToHaveCountAsync(2);
        await PictureAsync(page, "counters");
        elsewhere.Should().BeEmpty();
    }

    [Theory]
    [InlineData(ColorScheme.Light, 1280)]
    [InlineData(ColorScheme.Dark, 360)]
    public async Task Page_is_accessible_and_fits_its_window(ColorScheme colours, int width)
    {
        IPage page = await OpenAsync(colours, width);
        await page.WaitForFunctionAsync("() => document.querySelectorAll('#exits tbody tr').length > 0",
            options: new() { Timeout = 20_000 });

        AxeResult result = await page.RunAxe();

        result.Violations.Select(fault => $"{fault.Id}: {fault.Help}: {fault.Nodes[0].Html}").Should().BeEmpty();
        int needed = await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth");
        needed.Should().BeLessThanOrEqualTo(width);
        await PictureAsync(page, $"{colours}-{width}".ToLowerInvariant());
    }

    private static Task ClickAsync(IPage page, string tab) =>
        page.GetByRole(AriaRole.Tab, new() { Name = tab }).ClickAsync();

    private static Task PictureAsync(IPage page, string name) =>
        page.ScreenshotAsync(new() { Path = Path.Combine(_pictures, $"{name}.png"), FullPage = true });

    private async Task<IPage> OpenAsync(ColorScheme colours, int width)
    {
        IPage page = await _browser.NewPageAsync(new()
        {
            BypassCSP = true, // the tests' own scripts are none of the page's
            ColorScheme = colours,
            ViewportSize = new() { Width = width, Height = 900 },
        });
        await page.GotoAsync(_address);
        await Expect(page.Locator("#state")).ToHaveTextAsync("running");
        return page;
    }

    [GeneratedRegex(@"http://[\d.:]+")]
    private static partial Regex PageAddress();
}
