using System.Globalization;

namespace LazyRestore.Tools.Dump.Proc;

/// <summary>Text of lines <c>Key:  value</c>, as /proc/PID/status and /proc/PID/fdinfo have it.</summary>
public sealed class KeyedText
{
    private readonly List<KeyValuePair<string, string>> _lines = [];

    private KeyedText()
    {
    }

    /// <summary>Reads the lines; those without a colon are not of this kind and left out.</summary>
    public static KeyedText Parse(string text)
    {
        KeyedText keyed = new();
        foreach (ReadOnlySpan<char> line in text.AsSpan().EnumerateLines())
        {
            int colon = line.IndexOf(':');
            if (colon > 0)
            {
                keyed._lines.Add(new(line[..colon].Trim().ToString(), line[(colon + 1)..].Trim().ToString()));
            }
        }

        return keyed;
    }

    /// <summary>The value of a key; null when there is none.</summary>
    public string? Find(string key) => _lines.Find(line => line.Key == key).Value;

    /// <summary>All values of a key that may occur several times.</summary>
    public IEnumerable<string> All(string key) => _lines.Where(line => line.Key == key).Select(line => line.Value);

    /// <summary>The value of a key that the kernel always writes.</summary>
    /// <exception cref="LazyRestoreException">The kernel does not write it.</exception>
    public string Text(string key) => Find(key)
        ?? throw new LazyRestoreException(FailureReason.Unsupported, $"this kernel's /proc does not tell {key}");

    /// <summary>A decimal number.</summary>
    public long Number(string key) => long.Parse(Text(key), CultureInfo.InvariantCulture);

    /// <summary>A hexadecimal number.</summary>
    public ulong Hex(string key) => ulong.Parse(Text(key), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    /// <summary>An octal number.</summary>
    public int Octal(string key) => Convert.ToInt32(Text(key), 8);

    /// <summary>Decimal numbers with white space between them.</summary>
    public uint[] Numbers(string key) =>
        [.. Text(key).Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries).Select(number => uint.Parse(number, CultureInfo.InvariantCulture))];
}
