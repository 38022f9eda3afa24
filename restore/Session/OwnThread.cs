using System.Runtime.ExceptionServices;

namespace LazyRestore.Restore.Session;

/// <summary>Work on an OS thread of its own, whose error whoever joins it gets.</summary>
internal sealed class OwnThread
{
    private readonly Thread _thread;
    private ExceptionDispatchInfo? _failure;

    private OwnThread(string name, Action work)
    {
        _thread = new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception exception)
            {
                _failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            Name = name,
        };
        _thread.Start();
    }

    /// <summary>Does work and waits for it.</summary>
    /// <returns>Its result.</returns>
    internal static T Run<T>(string name, Func<T> work)
    {
        T? result = default;
        Start(name, () => result = work()).Join();
        return result!;
    }

    /// <summary>Starts work.</summary>
    internal static OwnThread Start(string name, Action work) => new(name, work);

    /// <summary>Waits until it has ended, whatever it came to.</summary>
    internal void Wait() => _thread.Join();

    /// <summary>Waits until it has ended, and throws what it threw.</summary>
    internal void Join()
    {
        Wait();
        _failure?.Throw();
    }
}
