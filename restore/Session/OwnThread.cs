using System.Runtime.ExceptionServices;

namespace LazyRestore.Restore.Session;

/// <summary>Runs work on an OS thread of its own and passes its result or error on.</summary>
internal static class OwnThread
{
    internal static T Run<T>(string name, Func<T> work)
    {
        T? result = default;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = work();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        })
        {
            Name = name,
        };
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result!;
    }
}
