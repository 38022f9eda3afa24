using System.Buffers.Binary;
using System.Text;

namespace LazyRestore.Restore.Programs;

/// <summary>
/// A list of system calls with their data, built by ordinary code and executed inside another process by the runner in one
/// round trip. A program is data: it can be printed, compared and tested without a process.
/// </summary>
public sealed class SystemCallProgram
{
    private readonly List<PlannedCall> _calls = [];
    private readonly List<(int At, int Target)> _pointers = [];
    private byte[] _data = new byte[256];
    private int _dataLength;
    private string _about = "";

    /// <summary>The calls in the order in which they run.</summary>
    public IReadOnlyList<PlannedCall> Calls => _calls;

    /// <summary>The size of the program when laid out, in bytes.</summary>
    public int Size => (_calls.Count * CallLayout.Size) + _dataLength;

    internal ReadOnlySpan<byte> InitialData => _data.AsSpan(0, _dataLength);

    internal IReadOnlyList<(int At, int Target)> Pointers => _pointers;

    /// <summary>Says what the calls added from here on are for; errors name it.</summary>
    public SystemCallProgram About(string subject)
    {
        _about = subject;
        return this;
    }

    /// <summary>Adds a call; if it fails, the program stops there.</summary>
    public CallResultRef Call(SystemCall number, params ReadOnlySpan<Argument> arguments) => Add(number, arguments, stopOnError: true);

    /// <summary>Adds a call that may fail: the program goes on and the result tells.</summary>
    public CallResultRef Try(SystemCall number, params ReadOnlySpan<Argument> arguments) => Add(number, arguments, stopOnError: false);

    /// <summary>
    /// Adds a call that creates a task, and the calls that only the new task makes. It must not come to the end of the program: its last call
    /// ends it. None of its calls may stop the program either, since that would take it back to where its creator was.
    /// </summary>
    /// <param name="create">Adds the call that creates the task.</param>
    /// <param name="inside">Adds the new task's calls.</param>
    /// <returns>The result, as the creator sees it.</returns>
    public CallResultRef Branch(Func<CallResultRef> create, Action inside)
    {
        CallResultRef created = create();
        inside();
        int calls = _calls.Count - created.Index - 1;
        ArgumentOutOfRangeException.ThrowIfNotEqual(
            _calls.Skip(created.Index + 1).Count(call => !call.StopOnError), calls, nameof(inside));
        _calls[created.Index] = _calls[created.Index] with { Branch = calls };
        return created;
    }

    /// <summary>Adds bytes that calls can point to, aligned to 8.</summary>
    public DataRef Data(ReadOnlySpan<byte> bytes)
    {
        DataRef place = Reserve(bytes.Length);
        bytes.CopyTo(_data.AsSpan(place.Offset));
        return place;
    }

    /// <summary>Adds a zero-terminated UTF-8 string.</summary>
    public DataRef Text(string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        DataRef place = Reserve(length + 1);
        Encoding.UTF8.GetBytes(text, _data.AsSpan(place.Offset));
        return place;
    }

    /// <summary>Adds 64-bit values one after the other.</summary>
    public DataRef Words(params ReadOnlySpan<ulong> words)
    {
        DataRef place = Reserve(words.Length * sizeof(ulong));
        for (int i = 0; i < words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(_data.AsSpan(place.Offset + (i * sizeof(ulong))), words[i]);
        }

        return place;
    }

    /// <summary>Reserves zeroed bytes for calls to fill, aligned to 8.</summary>
    public DataRef Reserve(int length)
    {
        int offset = (_dataLength + 7) & ~7;
        if (offset + length > _data.Length)
        {
            Array.Resize(ref _data, Math.Max(_data.Length * 2, offset + length));
        }

        _dataLength = offset + length;
        return new DataRef(offset, length);
    }

    /// <summary>Stores a 32-bit value at an offset of a structure.</summary>
    public void Write(DataRef structure, int offset, uint value) =>
        BinaryPrimitives.WriteUInt32LittleEndian(_data.AsSpan(structure.Offset + offset), value);

    /// <summary>Stores the address of <paramref name="target"/> at an offset of <paramref name="structure"/>.</summary>
    public void Point(DataRef structure, int offset, DataRef target) => _pointers.Add((structure.Offset + offset, target.Offset));

    /// <inheritdoc/>
    public override string ToString() => string.Join('\n', _calls.Select((call, index) => $"#{index} {call}"));

    private CallResultRef Add(SystemCall number, ReadOnlySpan<Argument> arguments, bool stopOnError)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(arguments.Length, CallLayout.Arguments);
        _calls.Add(new PlannedCall(number, arguments.ToArray(), stopOnError, _about));
        return new CallResultRef(_calls.Count - 1);
    }
}
