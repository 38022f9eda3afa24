using System.Runtime.InteropServices;
using LazyRestore.Agent;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Session;

/// <summary>While it lasts, orphans among our descendants become our children (PR_SET_CHILD_SUBREAPER, prctl(2)).</summary>
internal sealed class OrphanAdoption : IDisposable
{
    private const int PrSetChildSubreaper = 36;

    private OrphanAdoption()
    {
    }

    /// <summary>Begins it.</summary>
    internal static OrphanAdoption Begin()
    {
        Set(1);
        return new OrphanAdoption();
    }

    /// <summary>Ends it.</summary>
    public void Dispose() => Set(0);

    private static void Set(int value)
    {
        if (Interop.syscall((long)SystemCall.prctl, PrSetChildSubreaper, value, 0) < 0)
        {
            throw new NativeException("prctl(PR_SET_CHILD_SUBREAPER)", Marshal.GetLastPInvokeError(), "");
        }
    }
}
