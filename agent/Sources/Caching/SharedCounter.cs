using System.IO.MemoryMappedFiles;

namespace LazyRestore.Agent.Sources.Caching;

/// <summary>A number in a file that any number of processes change at once.</summary>
internal sealed unsafe class SharedCounter : IDisposable
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private long* _value;

    /// <summary>Opens the file.</summary>
    /// <param name="path">Its path.</param>
    /// <param name="initial">Finds the value when there is no file yet.</param>
    internal SharedCounter(string path, Func<long> initial)
    {
        if (!File.Exists(path))
        {
            Create(path, initial());
        }

        FileStream file = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        _file = MemoryMappedFile.CreateFromFile(file, mapName: null, sizeof(long), MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, sizeof(long));
        byte* address = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref address);
        _value = (long*)address;
    }

    /// <summary>The number.</summary>
    internal long Value => Volatile.Read(ref *_value);

    /// <summary>Adds to the number.</summary>
    /// <returns>What it is then.</returns>
    internal long Add(long amount) => Interlocked.Add(ref *_value, amount);

    // Whoever sees the file counts by it: so it appears with its first value, and once.
    private static void Create(string path, long value)
    {
        string temporary = $"{path}.{Environment.ProcessId}-{Guid.NewGuid():n}";
        File.WriteAllBytes(temporary, BitConverter.GetBytes(value));
        try
        {
            File.Move(temporary, path);
        }
        catch (IOException) when (File.Exists(path))
        {
            File.Delete(temporary);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_value != null)
        {
            _value = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }
}
