using System.Globalization;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.Session;

/// <summary>The restorer's own credentials, which the stub inherits (proc_pid_status(5)).</summary>
internal static class OwnCredentials
{
    internal static Credentials Read()
    {
        var fields = File.ReadLines("/proc/self/status").Select(line => line.Split(':', 2))
            .ToDictionary(parts => parts[0], parts => parts[1].Trim());
        return new Credentials
        {
            UserIds = Numbers(fields["Uid"]),
            GroupIds = Numbers(fields["Gid"]),
            Groups = Numbers(fields["Groups"]),
            Inheritable = Set(fields["CapInh"]),
            Permitted = Set(fields["CapPrm"]),
            Effective = Set(fields["CapEff"]),
            Bounding = Set(fields["CapBnd"]),
            Ambient = Set(fields["CapAmb"]),
            SecureBits = 0,
            NoNewPrivileges = fields["NoNewPrivs"] == "1",
        };
    }

    private static uint[] Numbers(string text) =>
        [.. text.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(number => uint.Parse(number, CultureInfo.InvariantCulture))];

    private static ulong Set(string text) => ulong.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
}
