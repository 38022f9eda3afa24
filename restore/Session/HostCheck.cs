using System.Globalization;
using System.IO.Hashing;
using System.Text;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using Polly;
using Polly.Retry;

namespace LazyRestore.Restore.Session;

/// <summary>Finds out what would keep a checkpoint from being restored here, before any process exists.</summary>
internal static unsafe class HostCheck
{
    private const long EpochTicks = 621355968000000000;
    private const long NanosecondsPerTick = 100;
    private const int RegularFile = 0x8000;
    private const int FileTypeMask = 0xf000;
    private const int AccessModeMask = 3;
    private const char NoProcess = '-';
    private const char Zombie = 'Z';
    private const char Dead = 'X';

    /// <summary>Reports everything that is wrong in one error.</summary>
    /// <exception cref="LazyRestoreException">Something is.</exception>
    internal static void Require(Checkpoint checkpoint, bool newPid)
    {
        List<string> problems = [.. CheckVdso(checkpoint), .. CheckMappedFiles(checkpoint), .. CheckOpenFiles(checkpoint), .. CheckSocketNames(checkpoint), .. SystemVObjects.Problems(checkpoint)];
        if (!newPid)
        {
            problems.AddRange(CheckPids(checkpoint));
        }

        if (problems.Count > 0)
        {
            throw new LazyRestoreException(
                FailureReason.Unsupported,
                $"process {checkpoint.Process.Pid} cannot be restored here: {string.Join("; ", problems)}",
                "Bring back what is missing or changed; --new-pid helps when only process IDs are in use.");
        }
    }

    private static IEnumerable<string> CheckVdso(Checkpoint checkpoint)
    {
        if (checkpoint.Processes.SelectMany(one => one.Vmas).Any(vma => vma.Kind == VmaKind.Vdso) && !DigestOwnVdso().AsSpan().SequenceEqual(checkpoint.Header.VdsoDigest.Span))
        {
            yield return $"the kernel's vDSO is another than that of {checkpoint.Header.KernelRelease}, on which the process was saved";
        }
    }

    private static byte[] DigestOwnVdso()
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            if (line.EndsWith("[vdso]", StringComparison.Ordinal))
            {
                int dash = line.IndexOf('-');
                ulong start = ulong.Parse(line.AsSpan(0, dash), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                ulong end = ulong.Parse(line.AsSpan(dash + 1, line.IndexOf(' ') - dash - 1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
                return XxHash128.Hash(new ReadOnlySpan<byte>((void*)start, (int)(end - start)));
            }
        }

        return [];
    }

    private static IEnumerable<string> CheckMappedFiles(Checkpoint checkpoint)
    {
        foreach (MappedFileRecord mapped in checkpoint.MappedFiles)
        {
            var file = new FileInfo(mapped.Path);
            if (!file.Exists)
            {
                yield return $"{mapped.Path}, which it maps, is not here";
            }
            else if (file.Length != mapped.Identity.Size)
            {
                yield return $"{mapped.Path}, which it maps, has {file.Length} bytes now and had {mapped.Identity.Size}";
            }
            else if (!mapped.Writable && (file.LastWriteTimeUtc.Ticks - EpochTicks) != mapped.Identity.ModifiedNanoseconds / NanosecondsPerTick)
            {
                yield return $"{mapped.Path}, which it maps, has changed since";
            }
        }
    }

    private static IEnumerable<string> CheckOpenFiles(Checkpoint checkpoint)
    {
        foreach (OpenFileRecord file in checkpoint.Files)
        {
            switch (file)
            {
                case InotifyRecord inotify:
                    foreach (InotifyWatch watch in inotify.Watches)
                    {
                        if (!Path.Exists(watch.Path))
                        {
                            yield return $"{watch.Path}, which it watches, is not here";
                        }
                    }

                    break;
                case NamedPipeRecord pipe when !Path.Exists(pipe.Path):
                    yield return $"{pipe.Path}, which it has open, is not here";
                    break;
                case TerminalMasterRecord terminal when Path.Exists(PseudoTerminals.PathOf(terminal.Index)):
                    yield return $"the pseudo terminal {PseudoTerminals.PathOf(terminal.Index)} is in use, which fuser(1) tells by whom";
                    break;
                case PathFileRecord open when !IsItsOwnEntry(open.Path):
                    if (CheckOpenFile(open) is { } problem)
                    {
                        yield return problem;
                    }

                    break;
            }
        }
    }

    private static string? CheckOpenFile(PathFileRecord open)
    {
        if (!Path.Exists(open.Path) && new FileInfo(open.Path).LinkTarget is null)
        {
            return $"{open.Path}, which it has open, is not here";
        }

        bool isRead = (open.Identity.Mode & FileTypeMask) == RegularFile && (open.StatusFlags & AccessModeMask) == 0;
        return isRead && new FileInfo(open.Path).Length != open.Identity.Size ? $"{open.Path}, which it reads, has another size than it had" : null;
    }

    // The restored process opens its own.
    private static bool IsItsOwnEntry(string path) =>
        path == "/proc/self" || path.StartsWith("/proc/self/", StringComparison.Ordinal) || path.StartsWith("/proc/thread-self/", StringComparison.Ordinal);

    // A socket that nobody holds any more may be replaced; one that is in use, or another kind of file, must not be.
    private static IEnumerable<string> CheckSocketNames(Checkpoint checkpoint)
    {
        List<string> names = [];
        foreach (OpenFileRecord file in checkpoint.Files)
        {
            if (file is UnixSocketRecord { Address.Span: [not 0, ..] } socket)
            {
                names.Add(Encoding.UTF8.GetString(socket.Address.Span));
            }
        }

        if (names.Count == 0)
        {
            yield break;
        }

        string[] inUse = File.ReadAllLines("/proc/net/unix");
        foreach (string name in names)
        {
            string path = Path.Combine(checkpoint.Process.WorkingDirectory, name);
            if (inUse.Any(line => line.EndsWith(' ' + name, StringComparison.Ordinal) || line.EndsWith(' ' + path, StringComparison.Ordinal)))
            {
                yield return $"the UNIX socket {path} is in use";
            }
            else if (File.Exists(path) && new FileInfo(path).Length > 0)
            {
                yield return $"{path}, where it has a UNIX socket, is a file now";
            }
        }
    }

    // A process that was saved a moment ago has ended, but its parent may not have taken notice yet.
    private static bool IsInUse(int pid) => StateOf(pid) switch
    {
        NoProcess => false,
        Zombie or Dead => WhileEnding().Execute(() => StateOf(pid)) != NoProcess,
        _ => true,
    };

    private static ResiliencePipeline<char> WhileEnding() => new ResiliencePipelineBuilder<char>()
        .AddRetry(new RetryStrategyOptions<char>
        {
            ShouldHandle = new PredicateBuilder<char>().HandleResult(state => state is Zombie or Dead),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = TimeSpan.FromMilliseconds(2),
            MaxDelay = TimeSpan.FromMilliseconds(50),
            MaxRetryAttempts = 100,
        })
        .Build();

    /// <summary>Whether there is such a process that has not ended.</summary>
    internal static bool IsRunning(int pid) => StateOf(pid) is not (NoProcess or Zombie or Dead);

    private static char StateOf(int pid)
    {
        string path = $"/proc/{pid}/stat";
        if (!File.Exists(path))
        {
            return NoProcess;
        }

        try
        {
            string stat = File.ReadAllText(path);
            return stat[stat.LastIndexOf(')') + 2];
        }
        catch (IOException)
        {
            return NoProcess;
        }
    }

    private static IEnumerable<string> CheckPids(Checkpoint checkpoint)
    {
        foreach (int id in checkpoint.Processes.SelectMany(one => one.Threads).Select(thread => thread.Tid).Concat(checkpoint.Zombies.Select(zombie => zombie.Pid)))
        {
            if (IsInUse(id))
            {
                yield return $"process ID {id} is in use";
            }
        }
    }
}
