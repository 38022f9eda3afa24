using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <content>Files that are opened by a name: named pipes and message queues.</content>
internal sealed partial class DescriptorPlan
{
    private const int OpenReadWrite = 2;
    private const int AccessModeMask = 3;
    private const int NonBlocking = 0x800;

    // While it is open for reading and writing, neither end waits for the other, and what is written stays.
    private void OpenNamedPipe(NamedPipeRecord pipe)
    {
        DataRef path = Program.Text(pipe.Path);
        NamedPipeRecord[] ends = [.. _checkpoint.Files.OfType<NamedPipeRecord>().Where(end => end.Path == pipe.Path)];
        if (!pipe.HungUp && ends.All(end => (end.StatusFlags & AccessModeMask) == 0 && end.Content.IsEmpty))
        {
            // It has never had a writer, which poll(2) tells from one that is gone.
            CallResultRef alone = Program.Call(SystemCall.openat, AtFdCwd, path, NonBlocking | CloseOnExec);
            Program.Call(SystemCall.fcntl, FirstFree, SetPipeSize, pipe.Capacity);
            SetFlags(FirstFree, pipe);
            Keep(pipe, alone);
            return;
        }

        Program.Call(SystemCall.openat, AtFdCwd, path, OpenReadWrite | NonBlocking | CloseOnExec);
        Program.Call(SystemCall.fcntl, FirstFree, SetPipeSize, pipe.Capacity);
        if (!pipe.Content.IsEmpty)
        {
            Program.Call(SystemCall.write, FirstFree, Program.Data(pipe.Content.Span), pipe.Content.Length);
        }

        CallResultRef opened = Program.Call(
            SystemCall.openat, AtFdCwd, path, (pipe.StatusFlags & ~(CreationFlags | AsyncFlag)) | CloseOnExec);
        Keep(pipe, opened);
    }

    private void OpenQueue(MessageQueueRecord queue)
    {
        // The call takes the name without the slash that the library demands.
        CallResultRef opened = Program.Call(
            SystemCall.mq_open, Program.Text(queue.Name.TrimStart('/')), (queue.StatusFlags & ~(CreationFlags | AsyncFlag)) | CloseOnExec, 0, 0);
        Keep(queue, opened);
    }
}
