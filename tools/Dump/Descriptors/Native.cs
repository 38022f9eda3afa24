using System.Runtime.InteropServices;
using LazyRestore.Agent;

namespace LazyRestore.Tools.Dump.Descriptors;

/// <summary>Turns the failure of a call into an exception.</summary>
internal static class Native
{
    /// <summary>Gives the result back, or throws when it is negative.</summary>
    public static int Check(string call, long result, string argument) =>
        result >= 0 ? (int)result : throw new NativeException(call, Marshal.GetLastPInvokeError(), argument);
}
