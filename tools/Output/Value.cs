using System.Globalization;
using System.Text.Json;

namespace LazyRestore.Tools.Output;

/// <summary>One datum of a report: exact in JSON, readable in text.</summary>
internal readonly struct Value
{
    private enum Form
    {
        None,
        Text,
        Count,
        Bytes,
        Address,
        Flag,
        Duration,
        List,
        Data,
    }

    private readonly Form _form;
    private readonly long _number;
    private readonly object? _content;

    private Value(Form form, long number, object? content = null)
    {
        _form = form;
        _number = number;
        _content = content;
    }

    /// <summary>What it means to the reader.</summary>
    public Mood Mood { get; init; }

    /// <summary>Nothing: null in JSON, a dash in text.</summary>
    public static Value None => default;

    /// <summary>The bytes of a <see cref="Data"/> value; null for every other.</summary>
    public byte[]? AsData => _content as byte[];

    /// <summary>A string; null is <see cref="None"/>.</summary>
    public static Value Text(string? text) => text is null ? None : new(Form.Text, 0, text);

    /// <summary>A plain number.</summary>
    public static Value Count(long number) => new(Form.Count, number);

    /// <summary>A number of bytes.</summary>
    public static Value Bytes(long bytes) => new(Form.Bytes, bytes);

    /// <summary>An address or a bit set: a string such as <c>0x7f00</c> in JSON, whose numbers lose bits past 2^53.</summary>
    public static Value Address(ulong address) => new(Form.Address, unchecked((long)address));

    /// <summary>True or false.</summary>
    public static Value Flag(bool flag) => new(Form.Flag, flag ? 1 : 0);

    /// <summary>A span of time: whole microseconds in JSON.</summary>
    public static Value Duration(TimeSpan time) => new(Form.Duration, time.Ticks / TimeSpan.TicksPerMicrosecond);

    /// <summary>Several values: an array in JSON, separated by commas in text.</summary>
    public static Value List(IEnumerable<Value> values) => new(Form.List, 0, values.ToArray());

    /// <summary>Raw bytes: base64 in JSON, in text a hex dump that counts from the address of the first.</summary>
    public static Value Data(byte[] data, ulong address) => new(Form.Data, unchecked((long)address), data);

    /// <summary>Writes the value as JSON.</summary>
    public void WriteTo(Utf8JsonWriter json)
    {
        switch (_form)
        {
            case Form.None: json.WriteNullValue(); break;
            case Form.Flag: json.WriteBooleanValue(_number != 0); break;
            case Form.Count or Form.Bytes or Form.Duration: json.WriteNumberValue(_number); break;
            case Form.Data: json.WriteBase64StringValue((byte[])_content!); break;
            case Form.List:
                json.WriteStartArray();
                foreach (Value value in (Value[])_content!)
                {
                    value.WriteTo(json);
                }

                json.WriteEndArray();
                break;
            default: json.WriteStringValue(ToString()); break;
        }
    }

    /// <summary>The value as a person reads it.</summary>
    public override string ToString() => _form switch
    {
        Form.Text => (string)_content!,
        Form.Count => _number.ToString(CultureInfo.InvariantCulture),
        Form.Bytes => Readable.Bytes(_number),
        Form.Address => $"0x{_number:x}",
        Form.Flag => _number != 0 ? "yes" : "no",
        Form.Duration => Readable.Duration(TimeSpan.FromMicroseconds(_number)),
        Form.List => string.Join(", ", (Value[])_content!),
        Form.Data => HexDump.Of((byte[])_content!, unchecked((ulong)_number)),
        _ => "-",
    };
}
