using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>Images of several processes.</summary>
public class TreeTests
{
    private const int Child = 4720;
    private const int Space = 7;

    private static readonly ZombieRecord s_zombie = new()
    {
        Pid = 4730,
        ParentPid = Child,
        ProcessGroup = 4711,
        Session = 4700,
        Name = "ended",
        Status = 0x700,
    };

    private static readonly CheckpointRecord[] s_child =
    [
        Samples.Process with { Pid = Child, ParentPid = 4711, Space = Space, StopSignal = 19 },
        Samples.Layout,
        Samples.Thread(Child),
        Samples.Vma(Samples.Heap, Samples.Heap + 0x20_0000, VmaKind.Anonymous, 0, VmaProtection.Read),
        new DescriptorRecord { Number = 1, FileId = 6, CloseOnExec = true },
    ];

    [Fact]
    public async Task EveryProcessHasItsOwn()
    {
        byte[] image = new RawImage([.. Samples.All, .. s_child, s_zombie], [Extent(0), Extent(Space)]).Build();

        using CheckpointImage read = CheckpointImage.Open(new MemoryImageBytes(image));
        using CheckpointStreamReader stream = new(System.IO.Pipelines.PipeReader.Create(new MemoryStream(image)));

        Checkpoint whole = await stream.ReadRecordsAsync(TestContext.Current.CancellationToken);
        foreach (Checkpoint first in (Checkpoint[])[read.Checkpoint, whole])
        {
            Checkpoint child = Assert.Single(first.Descendants);
            Assert.Equal([4711, Child], first.Processes.Select(one => one.Process.Pid));
            Assert.Equal((Space, 19), (child.Process.Space, child.Process.StopSignal));
            Assert.Equal([Child], child.Threads.Select(thread => thread.Tid));
            Assert.Equal((4, 1), (first.Vmas.Count, child.Vmas.Count));
            Assert.Equal(6, Assert.Single(child.Descriptors).FileId);
            Assert.Same(first.Files, child.Files);
            Assert.Equal(s_zombie, first.Zombies[^1]);
        }

        Assert.Null(read.Verify(cancellationToken: TestContext.Current.CancellationToken).Problem);
        Assert.Equal(1, read.Index.InSpace(Space).Count);
    }

    [Fact]
    public void AnImageOfOneProcessIsOfTheFirstVersion()
    {
        int[] later = [.. Samples.All.OfType<OpenFileRecord>().Where(file => ImageVersion.Of(file) > 1).Select(file => file.Id)];
        CheckpointRecord[] single =
        [
            Samples.Header with { Version = 1 },
            .. Samples.All.Skip(1).Where(record => ImageVersion.Of(record) == 1 && !(record is DescriptorRecord descriptor && later.Contains(descriptor.FileId))),
        ];
        Assert.NotEmpty(later);
        Assert.Equal(1, ImageVersion.Of(single));
        Assert.Equal(2, ImageVersion.Of([.. single, .. s_child]));
        Assert.Null(Damage.Of(new RawImage(single).Build()));
        Assert.All(Samples.All.Where(record => ImageVersion.Of(record) > 1), record => Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. single, record]).Build())));
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. single, .. s_child]).Build()));
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. single, s_zombie with { ParentPid = 4711 }]).Build()));
    }

    [Fact]
    public void ProcessesDoNotContradictEachOther()
    {
        Assert.Null(Damage.Of(new RawImage([.. Samples.All, .. s_child]).Build()));
        ProcessRecord child = (ProcessRecord)s_child[0];
        Refuse(child with { Space = 0 });
        Refuse(child with { Space = 1 }); // A memory object's.
        Refuse(child with { ParentPid = 1 });
        Refuse(child with { Pid = 4712 }); // Its first thread is another one.
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. Samples.All, .. s_child, .. s_child]).Build()));
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. Samples.All, s_zombie]).Build()));
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. Samples.All, .. s_child, s_zombie with { Pid = Child }]).Build()));
        Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. Samples.All, .. s_child], [Extent(Space + 1)]).Build()));

        static void Refuse(ProcessRecord changed) =>
            Assert.IsType<ImageDamagedException>(Damage.Of(new RawImage([.. Samples.All, changed, .. s_child[1..]]).Build()));
    }

    private static SampleExtent Extent(int space) => Damage.SmallExtent() with { Address = new ExtentAddress(space, Samples.Heap) };
}
