using System.Buffers.Binary;
using LazyRestore.ImageFormat;
using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <summary>
/// Plans what the kernel notes of System V objects who has done it last: a semaphore is set, a queue is received from and sent to, by the process
/// that did so. What a process did that is no more, the first one does.
/// </summary>
internal sealed class SystemVPlan
{
    private const int SetValue = 16; // SETVAL
    private const int NoWait = 0x800; // IPC_NOWAIT
    private readonly Checkpoint _checkpoint;
    private readonly int _pid;
    private readonly bool _isFirst;
    private readonly HashSet<int> _processes;

    /// <summary>Plans for a process of a checkpoint, by its ID in the image.</summary>
    internal SystemVPlan(Checkpoint checkpoint, int pid)
    {
        _checkpoint = checkpoint;
        _pid = pid;
        _isFirst = checkpoint.Process.Pid == pid;
        _processes = [.. checkpoint.Processes.Select(process => process.Process.Pid)];
    }

    /// <summary>What comes before all sending: a message to oneself, where a queue was received from.</summary>
    internal SystemCallProgram Receive()
    {
        var program = new SystemCallProgram();
        foreach (SystemVQueueRecord queue in _checkpoint.Queues.Where(queue => queue.LastReceiver != 0 && IsMine(queue.LastReceiver)))
        {
            program.About($"System V message queue {queue.Identity.Id}");
            DataRef message = program.Words(1, 0);
            program.Call(SystemCall.msgsnd, queue.Identity.Id, message, 0, NoWait);
            program.Call(SystemCall.msgrcv, queue.Identity.Id, message, sizeof(ulong), 0, NoWait);
        }

        return program;
    }

    /// <summary>What is set and sent.</summary>
    internal SystemCallProgram Send()
    {
        var program = new SystemCallProgram();
        foreach (SystemVSemaphoresRecord set in _checkpoint.Semaphores)
        {
            program.About($"System V semaphore set {set.Identity.Id}");
            foreach ((int number, SystemVSemaphore semaphore) in set.Semaphores.Index())
            {
                if (semaphore.Process != 0 && IsMine(semaphore.Process))
                {
                    program.Call(SystemCall.semctl, set.Identity.Id, number, SetValue, semaphore.Value);
                }
            }
        }

        foreach (SystemVQueueRecord queue in _checkpoint.Queues.Where(queue => IsMine(queue.LastSender)))
        {
            program.About($"the messages of System V message queue {queue.Identity.Id}");
            foreach (SystemVMessage message in queue.Messages)
            {
                byte[] structure = new byte[sizeof(long) + message.Content.Length];
                BinaryPrimitives.WriteInt64LittleEndian(structure, message.Type);
                message.Content.Span.CopyTo(structure.AsSpan(sizeof(long)));
                program.Call(SystemCall.msgsnd, queue.Identity.Id, program.Data(structure), message.Content.Length, NoWait);
            }
        }

        return program;
    }

    private bool IsMine(int process) => process == _pid || (_isFirst && !_processes.Contains(process));
}
