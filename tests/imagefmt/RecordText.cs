using System.Collections;
using System.Reflection;
using System.Text;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>Prints everything a record holds, so that records with lists and bytes can be compared, and differences read.</summary>
internal static class RecordText
{
    public static string Of(object? value)
    {
        StringBuilder text = new();
        Append(text, value, 0);
        return text.ToString();
    }

    private static void Append(StringBuilder text, object? value, int depth)
    {
        switch (value)
        {
            case null:
                text.Append("null");
                break;
            case ReadOnlyMemory<byte> bytes:
                text.Append(Convert.ToHexString(bytes.Span));
                break;
            case string or Enum:
            case var _ when value.GetType().IsPrimitive:
                text.Append(value);
                break;
            case IEnumerable items:
                foreach (object? item in items)
                {
                    text.Append('\n').Append(' ', depth).Append("- ");
                    Append(text, item, depth + 2);
                }

                break;
            default:
                text.Append(value.GetType().Name);
                foreach (PropertyInfo property in value.GetType().GetProperties().Where(p => p.CanWrite))
                {
                    text.Append('\n').Append(' ', depth).Append(property.Name).Append(" = ");
                    Append(text, property.GetValue(value), depth + 2);
                }

                break;
        }
    }
}
