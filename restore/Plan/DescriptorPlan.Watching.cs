using LazyRestore.ImageFormat.Records;
using LazyRestore.Restore.Programs;

namespace LazyRestore.Restore.Plan;

/// <content>Files that watch processes and other files.</content>
internal sealed partial class DescriptorPlan
{
    private const int EventSize = 16;
    private const uint DeleteSelf = 0x400;
    private const int ProcessFlags = 0x880; // PIDFD_THREAD | PIDFD_NONBLOCK

    private void OpenProcess(PidFdRecord process)
    {
        CallResultRef opened = Program.Call(SystemCall.pidfd_open, _pidOf(process.Process), process.StatusFlags & ProcessFlags);
        Keep(process, opened);
    }

    // Opening and creating files makes events: so this comes when all others are there, and what came nevertheless is read away.
    private void AddInotifyWatches(Func<OpenFileRecord, bool> isCreatedHere)
    {
        foreach (InotifyRecord inotify in _checkpoint.Files.OfType<InotifyRecord>().Where(isCreatedHere))
        {
            int next = 1;
            foreach (InotifyWatch watch in inotify.Watches)
            {
                Program.About($"{Describe(inotify)} watching {watch.Path}");
                DataRef path = Program.Text(watch.Path);

                // The kernel counts on and never gives a number again.
                for (; next < watch.Number; next++)
                {
                    Program.Call(SystemCall.inotify_add_watch, _files[inotify.Id], path, DeleteSelf);
                    Program.Call(SystemCall.inotify_rm_watch, _files[inotify.Id], next);
                }

                Program.Call(SystemCall.inotify_add_watch, _files[inotify.Id], path, watch.Mask);
                next++;
            }

            int most = (next + 1) * EventSize;
            Program.Try(SystemCall.read, _files[inotify.Id], Program.Reserve(most), most);
            Program.Call(SystemCall.fcntl, _files[inotify.Id], SetStatusFlags, inotify.StatusFlags & ~AsyncFlag);
        }
    }
}
