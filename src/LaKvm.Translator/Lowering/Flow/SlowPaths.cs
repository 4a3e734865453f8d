using LaKvm.Cpu;
using LaKvm.Isa;

namespace LaKvm.Translator;

/// <summary>The calls of handlers: where one may be called, and where execution goes on behind it.</summary>
internal sealed unsafe class SlowPaths(EmitContext context, Edges edges)
{
    private readonly Emitter _e = context.Emitter;
    private readonly VectorCache _vectors = context.Vectors;

    /// <summary>Calls the handler of a site.</summary>
    public void EmitCall(Site* site)
    {
        _e.LeaNear(Reg.Rsi, site);
        _e.Call(edges.CallHandler);
    }

    /// <summary>A site for the current instruction.</summary>
    public Site* NewSite(in Instruction i)
    {
        OpcodeInfo info = i.Opcode.Info();
        var site = new Site
        {
            Instruction = i,
            Offset = (ushort)context.Offset,
            Left = (ushort)((context.BlockEnd - context.Offset) >> 2),
            Checks = CodeRegion.ChecksOf(info),
        };
        SinkRule.Apply(ref site.Instruction);
        return context.Arena.Add(site);
    }

    /// <summary>
    /// The conditional jump at <paramref name="place"/> leads to the handler of the current instruction, which is
    /// executed there; see <see cref="ResumeHere"/>.
    /// </summary>
    public void AddSlowPath(byte* place, in Instruction i) =>
        context.Tails.Add(new(TailKind.Slow, place, context.Offset)
        {
            Site = (nint)NewSite(i),
            At = context.Now,
            Resume = (nint)_e.Position,
            ResumeVectors = _vectors.Now,
        });

    /// <summary>Where execution goes on behind the last <paramref name="paths"/> slow paths that were added.</summary>
    public void ResumeHere(int paths = 1)
    {
        for (int n = 1; n <= paths; n++)
        {
            context.Tails[^n] = context.Tails[^n] with { Resume = (nint)_e.Position, ResumeVectors = _vectors.Now };
        }
    }
}
