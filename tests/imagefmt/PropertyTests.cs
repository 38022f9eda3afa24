using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using LazyRestore.ImageFormat.Records;

namespace LazyRestore.ImageFormat.Tests;

public class PropertyTests
{
    [Property(MaxTest = 60)]
    public bool AnyExtentComesBack(NonEmptyArray<byte> places, byte codec, int seed, bool dense)
    {
        IEnumerable<int> pages = places.Get.Select(b => (b * 2) + (b & 1));
        SampleExtent extent = SampleExtent.Of(
            new ExtentAddress(0, Samples.Heap), (ExtentCodec)(codec % 3), seed,
            [.. (dense ? Enumerable.Range(0, 512).Except(pages) : pages).Distinct().Order()]);
        using CheckpointImage image = TestImage.Open(TestImage.Write(Damage.SmallRecords(), [extent]));
        ExtentEntry entry = image.Index.Entries.Single();
        ExtentHeader header = image.ReadHeader(entry);
        byte[] read = new byte[extent.Pages.Length];
        image.ReadPages(entry, header, read);
        byte[] page = new byte[ImageLayout.PageSize];
        int ordinal = header.PresentPages / 2;
        image.ReadPage(entry, header, ordinal, page);
        return header.Presence == extent.Presence && read.AsSpan().SequenceEqual(extent.Pages)
            && page.AsSpan().SequenceEqual(extent.Pages.AsSpan(ordinal * 4096, 4096)) && image.Verify().IsIntact;
    }

    [Property(MaxTest = 60)]
    public bool AnyNumbersOfAThreadComeBack(ulong[] numbers, byte[] state, long sleep, int priority, uint[] groups)
    {
        ulong Number(int place) => numbers.Length == 0 ? 0 : numbers[place % numbers.Length];
        ThreadRecord sample = Samples.Thread(4711);
        return ComesBack(sample with
        {
            ExtendedState = state,
            SignalMask = Number(0),
            ClearTidAddress = Number(1),
            AlternateStack = new AlternateStack(Number(2), priority, Number(3)),
            RobustListHead = ulong.MaxValue - Number(4),
            TimerSlackNanoseconds = Number(5) << 32,
            IoPriority = priority,
            SleepRemainingNanoseconds = sleep < 0 ? null : sleep << 20,
            Credentials = sample.Credentials with { Groups = groups, Bounding = ~Number(6) },
        });
    }

    [Property(MaxTest = 60)]
    public bool AnyContentOfFilesComesBack(byte[][] messages, NonNegativeInt offset, NonEmptyString text, int flags, uint mode)
    {
        string path = "/" + new string([.. text.Get.Where(c => !char.IsSurrogate(c))]);
        ReadOnlyMemory<byte>[] queue = [.. messages.Select(m => new ReadOnlyMemory<byte>(m))];
        UnixSocketRecord socket = Samples.All.OfType<UnixSocketRecord>().Single();
        return ComesBack(socket with { Id = 20, StatusFlags = flags, ReceiveQueue = queue })
            && ComesBack(new PathFileRecord
            {
                Id = 21,
                StatusFlags = flags,
                Path = path,
                Offset = (long)offset.Get << 30,
                Device = mode,
                Identity = Samples.Identity with { Mode = mode, ModifiedNanoseconds = -(long)mode },
            });
    }

    [Property]
    public bool PresenceAnswersAsASetOfPages(byte[] places, byte probe)
    {
        SortedSet<int> pages = [.. places.Select(b => (b * 2) + (b & 1))];
        PagePresence presence = default;
        foreach (int page in pages)
        {
            presence.Set(page);
        }

        List<int> walked = [];
        foreach (PageRun run in presence.Runs())
        {
            walked.AddRange(Enumerable.Range(run.Start, run.Count));
        }

        byte[] bytes = new byte[PagePresence.ByteCount];
        presence.CopyTo(bytes);
        int at = probe * 2;
        return walked.SequenceEqual(pages) && presence.Count == pages.Count && presence[at] == pages.Contains(at)
            && presence.Rank(at) == pages.Count(p => p < at) && PagePresence.FromBytes(bytes) == presence;
    }

    private static bool ComesBack(CheckpointRecord record)
    {
        IEnumerable<CheckpointRecord> records = Damage.SmallRecords().Select(r => r is ThreadRecord && record is ThreadRecord ? record : r);
        using CheckpointImage image = TestImage.Open(
            TestImage.Write(record is ThreadRecord ? records : records.Append(record), []));
        CheckpointRecord read = record is ThreadRecord ? image.Checkpoint.Threads[0] : image.Checkpoint.Files[^1];
        return RecordText.Of(read) == RecordText.Of(record);
    }
}
