using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace LazyRestore.Tools.Output;

/// <summary>JSON objects on one line each; the first field is always <c>event</c>.</summary>
internal static class JsonLine
{
    // Paths and names stay readable; the output is never put into a web page.
    private static readonly JsonWriterOptions s_options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>An event with its fields.</summary>
    public static string Event(string name, ReadOnlySpan<Field> fields)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("event", name);
            Write(json, fields);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>The last line of a command that succeeded.</summary>
    public static string Result(Document document)
    {
        ArrayBufferWriter<byte> buffer = new();
        using (Utf8JsonWriter json = new(buffer, s_options))
        {
            json.WriteStartObject();
            json.WriteString("event", "result");
            Write(json, document.Fields.ToArray());
            foreach (Table table in document.Tables)
            {
                Write(json, table);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, ReadOnlySpan<Field> fields)
    {
        foreach (Field field in fields)
        {
            json.WritePropertyName(field.Name);
            field.Value.WriteTo(json);
        }
    }

    private static void Write(Utf8JsonWriter json, Table table)
    {
        json.WriteStartArray(table.Name);
        foreach (Value[] row in table.Rows)
        {
            json.WriteStartObject();
            for (int i = 0; i < row.Length; i++)
            {
                json.WritePropertyName(table.Columns[i].Name);
                row[i].WriteTo(json);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
