using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;
using LazyRestore.Restore.Terminals;

namespace LazyRestore.Restore.Plan;

/// <content>Pseudo terminals: masters are taken from the restorer, which has made them.</content>
internal sealed partial class DescriptorPlan
{
    private void TakeHeld(OpenFileRecord file)
    {
        CallResultRef restorer = Program.Call(SystemCall.pidfd_open, Environment.ProcessId, 0);
        Keep(file, Program.Call(SystemCall.pidfd_getfd, restorer, _held[file.Id], 0));
    }

    // The processes are in the restorer's session and have its terminal.
    private void OpenOwnTerminal(TerminalJobRecord terminal)
    {
        int flags = (terminal.StatusFlags & ~(CreationFlags | AsyncFlag)) | NoControllingTerminal | CloseOnExec;
        Keep(terminal, Program.Call(SystemCall.openat, AtFdCwd, Program.Text(JobTerminal.OwnPath), flags));
    }

    private void OpenTerminal(TerminalRecord terminal)
    {
        int flags = (terminal.StatusFlags & ~(CreationFlags | AsyncFlag)) | NoControllingTerminal | CloseOnExec;
        if (!terminal.HungUp)
        {
            Keep(terminal, Program.Call(SystemCall.openat, AtFdCwd, Program.Text(terminal.Path), flags));
            return;
        }

        // One that is gone is like every other that is gone.
        CallResultRef master = Program.Call(SystemCall.openat, AtFdCwd, Program.Text("/dev/ptmx"), OpenReadWrite | NoControllingTerminal | CloseOnExec);
        Program.Call(SystemCall.ioctl, master, Interop.TIOCSPTLCK, Program.Words(0));

        // This request would keep O_CLOEXEC among the flags that the file tells.
        CallResultRef slave = Program.Call(SystemCall.ioctl, master, Interop.TIOCGPTPEER, flags & ~CloseOnExec);
        Program.Call(SystemCall.close, master);
        Keep(terminal, slave);
    }
}
