using System.Collections.Immutable;
using System.Globalization;
using System.IO.Hashing;
using System.Text;

namespace LazyRestore.Agent.Costs;

/// <summary>
/// Costs as the text of a file: a first line with the version, a line for the kernel, one for each cost, and a checksum. What is not
/// exactly like that counts as nothing: it is measured again.
/// </summary>
internal static class CostFileText
{
    private const string Version = "lazyrestore placement costs 1";
    private const int HashDigits = 16;

    // Far more than is ever measured.
    private const int MostCosts = 1000;

    /// <summary>The text of a file.</summary>
    internal static string Write(PlacementCosts costs, string kernel)
    {
        StringBuilder text = new();
        text.Append(CultureInfo.InvariantCulture, $"{Version}\nkernel {kernel}\n");
        foreach (PlacementCost cost in costs.All)
        {
            string pages = cost.InHugePages ? "huge" : "small";
            text.Append(
                CultureInfo.InvariantCulture, $"{cost.Kind} {pages} {cost.BatchPages} {cost.OtherThreads} {cost.Nanoseconds:0.###}\n");
        }

        return text.Append(Hash(text.ToString())).Append('\n').ToString();
    }

    /// <summary>Reads a text; null when it is damaged, of another version, or of another kernel.</summary>
    internal static PlacementCosts? TryRead(string text, string kernel)
    {
        int hash = text.Length - HashDigits - 1;
        if (hash < 1 || text[hash..] != Hash(text[..hash]) + '\n')
        {
            return null;
        }

        string[] lines = text[..(hash - 1)].Split('\n');
        if (lines.Length is < 3 or > MostCosts || lines[0] != Version || lines[1] != $"kernel {kernel}")
        {
            return null;
        }

        var costs = ImmutableArray.CreateBuilder<PlacementCost>(lines.Length - 2);
        foreach (string line in lines.AsSpan(2))
        {
            if (!TryParse(line, out PlacementCost cost))
            {
                return null;
            }

            costs.Add(cost);
        }

        return new PlacementCosts(costs.MoveToImmutable());
    }

    private static bool TryParse(string line, out PlacementCost cost)
    {
        cost = default;
        if (line.Split(' ') is not [var kindName, var pages, var batchText, var threadsText, var costText]
            || pages is not ("small" or "huge")
            || !Enum.TryParse(kindName, out PlacementKind kind)
            || !int.TryParse(batchText, NumberStyles.None, CultureInfo.InvariantCulture, out int batch)
            || !int.TryParse(threadsText, NumberStyles.None, CultureInfo.InvariantCulture, out int threads)
            || !double.TryParse(costText, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double nanoseconds)
            || batch == 0)
        {
            return false;
        }

        cost = new PlacementCost(kind, pages == "huge", batch, threads, nanoseconds);
        return true;
    }

    private static string Hash(string text) => XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(text)).ToString("x16", CultureInfo.InvariantCulture);
}
