using System.Globalization;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.Restore.SystemV;

/// <summary>A line of /proc/sysvipc/shm, sem or msg, proc_sysvipc(5).</summary>
public sealed class SystemVEntry
{
    private readonly Dictionary<string, string> _fields;

    private SystemVEntry(Dictionary<string, string> fields) => _fields = fields;

    /// <summary>The identifier.</summary>
    public int Id => (int)Number(_fields.ContainsKey("shmid") ? "shmid" : _fields.ContainsKey("semid") ? "semid" : "msqid");

    /// <summary>Name, owner and permissions.</summary>
    public SystemVIdentity Identity => new()
    {
        Id = Id,
        Key = (int)Number("key"),
        UserId = (uint)Number("uid"),
        GroupId = (uint)Number("gid"),
        CreatorUserId = (uint)Number("cuid"),
        CreatorGroupId = (uint)Number("cgid"),
        Mode = Convert.ToInt32(_fields["perms"], 8),
        Changed = Number("ctime"),
    };

    /// <summary>All objects of a kind: <c>shm</c>, <c>sem</c> or <c>msg</c>.</summary>
    public static IReadOnlyList<SystemVEntry> All(string kind) => Parse(File.ReadAllText($"/proc/sysvipc/{kind}"));

    /// <summary>Reads the text, whose first line names the columns.</summary>
    public static IReadOnlyList<SystemVEntry> Parse(string text)
    {
        string[] lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        string[] names = lines.Length == 0 ? [] : Words(lines[0]);
        return [.. lines.Skip(1).Select(line => new SystemVEntry(names.Zip(Words(line)).ToDictionary(pair => pair.First, pair => pair.Second)))];
    }

    /// <summary>A column that is a decimal number.</summary>
    public long Number(string column) => long.Parse(_fields[column], CultureInfo.InvariantCulture);

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
