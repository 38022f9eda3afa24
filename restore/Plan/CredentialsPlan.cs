using System.Buffers.Binary;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// Plans a thread's way from the restorer's credentials to its own, in the order in which capabilities(7) permits it: identities
/// while capabilities survive the change, then security bits and bounding set, then the capability sets themselves.
/// </summary>
internal static class CredentialsPlan
{
    private const int PrCapBsetDrop = 24;
    private const int PrSetSecureBits = 28;
    private const int PrSetNoNewPrivs = 38;
    private const int PrCapAmbient = 47;
    private const int PrCapAmbientRaise = 2;
    private const int SecureBitNoSetuidFixup = 1 << 2;
    private const uint CapabilityVersion3 = 0x20080522;

    internal static void Add(SystemCallProgram program, Credentials wanted, Credentials own)
    {
        program.About("credentials");
        if (!wanted.SameAs(own))
        {
            AddIdentities(program, wanted);
            AddCapabilities(program, wanted, own);
        }

        if (wanted.NoNewPrivileges)
        {
            program.Call(SystemCall.prctl, PrSetNoNewPrivs, 1, 0, 0, 0);
        }
    }

    private static void AddIdentities(SystemCallProgram program, Credentials wanted)
    {
        byte[] groups = new byte[wanted.Groups.Count * sizeof(uint)];
        for (int i = 0; i < wanted.Groups.Count; i++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(groups.AsSpan(i * sizeof(uint)), wanted.Groups[i]);
        }

        program.Call(SystemCall.prctl, PrSetSecureBits, SecureBitNoSetuidFixup, 0, 0, 0);
        program.Call(SystemCall.setgroups, wanted.Groups.Count, program.Data(groups));
        program.Call(SystemCall.setresgid, wanted.GroupIds[0], wanted.GroupIds[1], wanted.GroupIds[2]);
        program.Call(SystemCall.setfsgid, wanted.GroupIds[3]);
        program.Call(SystemCall.setresuid, wanted.UserIds[0], wanted.UserIds[1], wanted.UserIds[2]);
        program.Call(SystemCall.setfsuid, wanted.UserIds[3]);
    }

    private static void AddCapabilities(SystemCallProgram program, Credentials wanted, Credentials own)
    {
        program.Call(SystemCall.prctl, PrSetSecureBits, wanted.SecureBits, 0, 0, 0);
        for (int capability = 0; capability < 64; capability++)
        {
            if ((own.Bounding & ~wanted.Bounding & (1UL << capability)) != 0)
            {
                program.Call(SystemCall.prctl, PrCapBsetDrop, capability, 0, 0, 0);
            }
        }

        DataRef header = program.Words(CapabilityVersion3);
        DataRef data = program.Words(
            Low(wanted.Effective) | (Low(wanted.Permitted) << 32),
            Low(wanted.Inheritable) | (High(wanted.Effective) << 32),
            High(wanted.Permitted) | (High(wanted.Inheritable) << 32));
        program.Call(SystemCall.capset, header, data);
        for (int capability = 0; capability < 64; capability++)
        {
            if ((wanted.Ambient >> capability & 1) != 0)
            {
                program.Call(SystemCall.prctl, PrCapAmbient, PrCapAmbientRaise, capability, 0, 0);
            }
        }
    }

    private static ulong Low(ulong set) => set & uint.MaxValue;

    private static ulong High(ulong set) => set >> 32;
}
