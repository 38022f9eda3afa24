using System.Runtime.Intrinsics.X86;

namespace LazyRestore.Tools.Check;

/// <summary>The size of a thread's processor state, which an image must match.</summary>
internal static class XsaveProbe
{
    private const int XsaveLeaf = 0xD;
    private const int FeatureLeaf = 1;
    private const int OsXsaveBit = 27;

    /// <summary>Looks: CPUID leaf 0xD.</summary>
    public static Finding Examine()
    {
        (_, _, int features, _) = X86Base.CpuId(FeatureLeaf, 0);
        if ((features >> OsXsaveBit & 1) == 0)
        {
            return Finding.Missing("the processor or kernel does not use XSAVE", "Boot without noxsave.");
        }

        (int low, int size, _, int high) = X86Base.CpuId(XsaveLeaf, 0);
        return Finding.Ok($"{size} bytes, components 0x{(ulong)(uint)high << 32 | (uint)low:x}");
    }
}
