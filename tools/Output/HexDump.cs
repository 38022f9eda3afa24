using System.Globalization;
using System.Text;

namespace LazyRestore.Tools.Output;

/// <summary>Bytes as <c>hexdump -C</c> shows them; rows that repeat the one before are left out behind a star.</summary>
internal static class HexDump
{
    private const int RowBytes = 16;

    /// <summary>Dumps <paramref name="data"/>, counting offsets from <paramref name="origin"/>.</summary>
    public static string Of(ReadOnlySpan<byte> data, ulong origin)
    {
        StringBuilder text = new();
        bool repeating = false;
        for (int offset = 0; offset < data.Length; offset += RowBytes)
        {
            ReadOnlySpan<byte> row = data.Slice(offset, Math.Min(RowBytes, data.Length - offset));
            bool last = offset + RowBytes >= data.Length;
            if (offset > 0 && !last && row.SequenceEqual(data.Slice(offset - RowBytes, RowBytes)))
            {
                if (!repeating)
                {
                    text.Append("*\n");
                }

                repeating = true;
                continue;
            }

            repeating = false;
            AppendRow(text, origin + (ulong)offset, row);
        }

        return text.ToString();
    }

    private static void AppendRow(StringBuilder text, ulong address, ReadOnlySpan<byte> row)
    {
        text.Append(CultureInfo.InvariantCulture, $"{address:x12} ");
        for (int column = 0; column < RowBytes; column++)
        {
            text.Append(column is 8 ? "  " : " ");
            text.Append(column < row.Length ? row[column].ToString("x2", CultureInfo.InvariantCulture) : "  ");
        }

        text.Append("  |");
        foreach (byte value in row)
        {
            text.Append(value is >= 0x20 and < 0x7f ? (char)value : '.');
        }

        text.Append("|\n");
    }
}
