using LazyRestore.ImageFormat.Records;
using LazyRestore.Tools.Dump.Proc;

namespace LazyRestore.Tools.Tests.Dump;

public sealed class ProcTextTests
{
    [Fact]
    public void Smaps_gives_ranges_names_and_flags()
    {
        const string Text = """
            55c425e71000-55c425e73000 r--p 00002000 fe:00 248174                     /usr/bin/a file (deleted)
            Size:                  8 kB
            ProtectionKey:         3
            VmFlags: rd mr mw me 
            7f8ffa9fd000-7f8ffaa00000 rw-s 00000000 00:00 0 
            VmFlags: rd wr sh gd 
            ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  [vsyscall]
            """;

        IReadOnlyList<MemoryArea> areas = SmapsText.Parse(Text);

        Assert.Equal(3, areas.Count);
        Assert.Equal((0x55c425e71000UL, 0x55c425e73000UL), (areas[0].Start, areas[0].End));
        Assert.Equal((0x2000UL, 248174UL), (areas[0].Offset, areas[0].Inode));
        Assert.Equal("/usr/bin/a file (deleted)", areas[0].Name);
        Assert.Equal(3, areas[0].ProtectionKey);
        Assert.False(areas[0].Shared);
        Assert.True(areas[1].Shared);
        Assert.True(areas[1].Has("gd"));
        Assert.False(areas[0].Has("gd"));
        Assert.Equal("[vsyscall]", areas[2].Name);
    }

    [Fact]
    public void Stat_survives_a_name_of_spaces_and_parentheses()
    {
        const string Text =
            "6473 (a) S (b) S 6472 6467 5727 0 -1 4194304 129 0 1 0 1 0 0 0 20 0 1 0 112551 2990080 413 18446744073709551615 "
            + "94300937859072 94300937877001 140731144658128 0 0 0 0 6 0 1 0 0 17 0 0 0 0 0 0 94300937891088 94300937892352 "
            + "94302007365632 140731144665381 140731144665391 140731144665392 140731144667113 0";

        StatText stat = StatText.Parse(Text);

        Assert.Equal((6472, 6467, 5727), (stat.ParentPid, stat.ProcessGroup, stat.Session));
        Assert.Equal((94300937859072UL, 94300937877001UL), stat.Code);
        Assert.Equal(140731144658128UL, stat.StartStack);
        Assert.Equal((94300937891088UL, 94300937892352UL), stat.Data);
        Assert.Equal(94302007365632UL, stat.StartBrk);
        Assert.Equal((140731144665381UL, 140731144665391UL), stat.Arguments);
        Assert.Equal((140731144665392UL, 140731144667113UL), stat.Environment);
    }

    [Fact]
    public void Status_gives_credentials_and_states()
    {
        const string Text = """
            Name:	x
            Umask:	0027
            State:	S (sleeping)
            Tgid:	6473
            TracerPid:	12
            Uid:	1	2	3	4
            Gid:	5	6	7	8
            Groups:	9 10 
            Kthread:	0
            CapInh:	0000000000000001
            CapPrm:	000001fffeffffff
            CapEff:	0000000000000003
            CapBnd:	0000000000000004
            CapAmb:	0000000000000005
            NoNewPrivs:	1
            Seccomp:	2
            x86_Thread_features:	shstk wrss
            """;

        StatusText status = StatusText.Parse(Text);

        Assert.Equal(('S', 6473, 12, 0x17, 2), (status.State, status.ThreadGroup, status.Tracer, status.Umask, status.SeccompMode));
        Assert.True(status.ShadowStack);
        Assert.Equal([1U, 2U, 3U, 4U], status.Credentials.UserIds);
        Assert.Equal([9U, 10U], status.Credentials.Groups);
        Assert.Equal(0x1fffeffffffUL, status.Credentials.Permitted);
        Assert.True(status.Credentials.NoNewPrivileges);
    }

    [Fact]
    public void Limits_are_found_by_name()
    {
        const string Text = """
            Limit                     Soft Limit           Hard Limit           Units     
            Max cpu time              unlimited            unlimited            seconds   
            Max stack size            8388608              unlimited            bytes     
            Max nice priority         0                    5                    
            """;

        Assert.Equal(
            [new(0, ulong.MaxValue, ulong.MaxValue), new(3, 8388608, ulong.MaxValue), new ResourceLimit(13, 0, 5)],
            LimitsText.Parse(Text));
    }

    [Fact]
    public void Timers_keep_signal_value_and_thread()
    {
        const string Text = """
            ID: 1
            signal: 60/00000000deadbeef
            notify: signal/tid.2634
            ClockID: 1
            ID: 0
            signal: 0/0x4d
            notify: none/pid.2634
            ClockID: -6
            """;

        IReadOnlyList<PosixTimer> timers = TimersText.Parse(Text);

        Assert.Equal(2, timers.Count);
        Assert.Equal((1, 60, 0xdeadbeefUL, 4, 2634, 1), Shown(timers[0]));
        Assert.Equal((0, 0, 0x4dUL, 1, 0, -6), Shown(timers[1]));

        static (int, int, ulong, int, int, int) Shown(PosixTimer timer) =>
            (timer.Id, timer.Signal, timer.SignalValue, timer.Notify, timer.ThreadId, timer.Clock);
    }

    [Fact]
    public void Fdinfo_of_every_kind()
    {
        DescriptorInfo epoll = DescriptorInfo.Parse("""
            pos:	0
            flags:	02000002
            tfd:        5 events: 80000019 data: 1122334455667788  pos:0 ino:61 sdev:7
            tfd:       17 events:       19 data:                5  pos:0 ino:61 sdev:7
            """);
        DescriptorInfo timer = DescriptorInfo.Parse("""
            pos:	12
            clockid: 1
            ticks: 3
            settime flags: 03
            it_value: (49406829, 5)
            it_interval: (1, 0)
            """);
        DescriptorInfo lockInfo = DescriptorInfo.Parse("lock:	1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF");

        Assert.Equal(
            [new(5, 0x80000019, 0x1122334455667788), new EpollEntry(17, 0x19, 5)],
            epoll.EpollEntries);
        Assert.Equal(0x80002, epoll.Flags);
        Assert.Equal(new TimerState(1, 3, 3, 49406829000000005, 1000000000), timer.Timer);
        Assert.Equal(12, timer.Offset);
        Assert.Equal(["1: FLOCK  ADVISORY  WRITE 359 00:13:11691 0 EOF"], lockInfo.Locks);
        Assert.Empty(epoll.Locks);
    }

    [Fact]
    public void Inotify_watches_are_read_in_hexadecimal()
    {
        DescriptorInfo info = DescriptorInfo.Parse(
            "inotify wd:29 ino:b2054f sdev:fe00000 mask:100 ignored_mask:0 fhandle-bytes:8 fhandle-type:1 f_handle:4f05b200726817c4\n");

        InotifyEntry watch = Assert.Single(info.InotifyEntries);

        Assert.Equal((0x29, 0xb2054fUL, 0xfe00000u, 0x100u, 1), (watch.Number, watch.Inode, watch.Device, watch.Mask, watch.HandleType));
        Assert.Equal([0x4f, 0x05, 0xb2, 0x00, 0x72, 0x68, 0x17, 0xc4], watch.Handle);
    }
}
