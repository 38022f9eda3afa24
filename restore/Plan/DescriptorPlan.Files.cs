using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

internal sealed partial class DescriptorPlan
{
    // O_CREAT, O_EXCL and O_TRUNC did their work when the file was opened first; O_NOCTTY keeps terminals from being adopted.
    private const int CreationFlags = 0x40 | 0x80 | 0x200;

    // O_TMPFILE, which creates a file too; and O_ASYNC, which wants an owner first.
    private const int NamelessFlags = 0x410000;
    private const int AsyncFlag = 0x2000;
    private const int NoControllingTerminal = 0x100;
    private const int SetPipeSize = 1031; // F_SETPIPE_SZ
    private const int ClockRealtime = 0;
    private const int AbsoluteTime = 1; // TFD_TIMER_ABSTIME
    private const int PacketMode = 0x4000; // O_DIRECT
    private const int EventFdSemaphore = 1;
    private const uint TimerFdSetTicks = 0x40085400; // TFD_IOC_SET_TICKS
    private const long NanosecondsPerSecond = 1_000_000_000;

    private void Open(PathFileRecord file)
    {
        int flags = (file.StatusFlags & ~(CreationFlags | AsyncFlag)) | NoControllingTerminal | CloseOnExec;
        CallResultRef opened = Program.Call(SystemCall.openat, AtFdCwd, Program.Text(file.Path), flags);
        Seek(opened, file.Offset);
        Keep(file, opened);
    }

    private void OpenObject(ObjectFileRecord file)
    {
        int flags = (file.StatusFlags & ~(CreationFlags | NamelessFlags | AsyncFlag)) | CloseOnExec;
        CallResultRef opened = Program.Call(SystemCall.openat, AtFdCwd, Program.Text(_objectPaths[file.ObjectId]), flags);
        Seek(opened, file.Offset);
        Keep(file, opened);
    }

    private void Seek(CallResultRef opened, long offset)
    {
        if (offset != 0)
        {
            Program.Call(SystemCall.lseek, opened, offset, 0);
        }
    }

    private void CreatePipe(PipeRecord pipe)
    {
        PipeRecord[] ends = [.. _checkpoint.Files.OfType<PipeRecord>().Where(end => end.PipeId == pipe.PipeId)];
        int packets = ends.Any(end => (end.StatusFlags & PacketMode) != 0) ? PacketMode : 0;
        Program.Call(SystemCall.pipe2, Program.Reserve(8), CloseOnExec | packets);
        Program.Call(SystemCall.fcntl, FirstFree, SetPipeSize, pipe.Capacity);
        foreach (PipeRecord end in ends)
        {
            foreach (ReadOnlyMemory<byte> piece in end.Content)
            {
                Program.Call(SystemCall.write, SecondFree, Program.Data(piece.Span), piece.Length);
            }
        }

        foreach (PipeRecord end in ends)
        {
            int descriptor = end.WriteEnd ? SecondFree : FirstFree;
            SetFlags(descriptor, end);
            Keep(end, descriptor);
        }
    }

    private void CreateEventFd(EventFdRecord counter)
    {
        CallResultRef made = Program.Call(SystemCall.eventfd2, 0, CloseOnExec | (counter.Semaphore ? EventFdSemaphore : 0));
        if (counter.Count > 0)
        {
            Program.Call(SystemCall.write, made, Program.Words(counter.Count), sizeof(ulong));
        }

        SetFlags(FirstFree, counter);
        Keep(counter, made);
    }

    private void CreateTimerFd(TimerFdRecord timer)
    {
        CallResultRef made = Program.Call(SystemCall.timerfd_create, timer.Clock, CloseOnExec);

        // A timer that has expired stands still until it is read; it goes on with the next period.
        long value = timer.ValueNanoseconds != 0 ? timer.ValueNanoseconds : timer.Ticks > 0 ? timer.IntervalNanoseconds : 0;

        // On the real-time clock an absolute time stays what it was, however long the image lay.
        bool absolute = timer.Clock == ClockRealtime && timer.ValueNanoseconds != 0 && (timer.SetTimeFlags & AbsoluteTime) != 0;
        value += absolute ? _checkpoint.Header.CreatedNanoseconds : 0;
        if (value != 0)
        {
            DataRef times = Program.Words(
                (ulong)(timer.IntervalNanoseconds / NanosecondsPerSecond),
                (ulong)(timer.IntervalNanoseconds % NanosecondsPerSecond),
                (ulong)(value / NanosecondsPerSecond),
                (ulong)(value % NanosecondsPerSecond));
            Program.Call(SystemCall.timerfd_settime, made, absolute ? timer.SetTimeFlags : 0, times, 0);
        }

        if (timer.Ticks > 0)
        {
            Program.Call(SystemCall.ioctl, made, TimerFdSetTicks, Program.Words(timer.Ticks));
        }

        SetFlags(FirstFree, timer);
        Keep(timer, made);
    }
}
