using System.Globalization;

namespace LazyRestore.Tools.Output;

/// <summary>Quantities as a person reads them.</summary>
internal static class Readable
{
    private static readonly string[] s_units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

    /// <summary>A number of bytes with a binary unit and three significant digits, such as <c>1.25 GiB</c>.</summary>
    public static string Bytes(long bytes)
    {
        double value = bytes;
        int unit = 0;
        while (value >= 1024 && unit < s_units.Length - 1)
        {
            value /= 1024;
            unit++;
        }

        return string.Create(CultureInfo.InvariantCulture, $"{Digits(value, exact: unit == 0)} {s_units[unit]}");
    }

    /// <summary>A span of time in the unit that suits it: µs, ms, s.</summary>
    public static string Duration(TimeSpan time) => time.TotalMicroseconds switch
    {
        < 1_000 and var us => $"{Digits(us, exact: true)} µs",
        < 1_000_000 and var us => $"{Digits(us / 1_000, exact: false)} ms",
        var us => $"{Digits(us / 1_000_000, exact: false)} s",
    };

    /// <summary>The share of a whole in per cent.</summary>
    public static string Percent(long part, long whole) =>
        whole == 0 ? "-" : string.Create(CultureInfo.InvariantCulture, $"{100.0 * part / whole:0.#} %");

    private static string Digits(double value, bool exact) => value.ToString(
        exact ? "0" : value switch { < 10 => "0.00", < 100 => "0.0", _ => "0" }, CultureInfo.InvariantCulture);
}
