using LazyRestore.EndToEnd.Tests.Harness;
using Xunit;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>A damaged image is refused with its own exit code before or while it is restored, and no process is left.</summary>
public sealed class DamagedImageTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(100)]
    [InlineData(5000)]
    [InlineData(-1)]
    [InlineData(-100)]
    public async Task A_truncated_image_is_refused(int length)
    {
        using Scene scene = new();
        int pid = await Save(scene);
        using (FileStream image = new(scene.Image, FileMode.Open))
        {
            image.SetLength(length < 0 ? image.Length + length : length);
        }

        await Refused(scene, pid);
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.999)]
    public async Task A_flipped_bit_in_a_record_is_refused(double place)
    {
        using Scene scene = new();
        int pid = await Save(scene);
        Flip(scene.Image, place);

        await Refused(scene, pid);
    }

    [Fact]
    public async Task A_flipped_bit_in_memory_is_found_before_an_eagerly_restored_process_runs()
    {
        using Scene scene = new();
        int pid = await Save(scene);
        Flip(scene.Image, 0.5);

        RunningProcess tool = await scene.Tool(4, "restore", scene.Image, "--eager");

        Assert.NotEmpty(tool.Errors);
        await Deadline.Until(() => ProcEntry.IsFree(pid), "no process is left");
    }

    [Fact]
    public async Task A_file_that_is_no_image_is_refused()
    {
        using Scene scene = new();
        int pid = await Save(scene);
        File.WriteAllText(scene.Image, new string('x', 100_000));

        await Refused(scene, pid);
    }

    private static async Task<int> Save(Scene scene)
    {
        Target target = await scene.StartTarget("ballast", "8");
        await scene.Dump(target.Process);
        return target.Pid;
    }

    private static void Flip(string path, double place)
    {
        using FileStream image = new(path, FileMode.Open);
        long offset = (long)(image.Length * place);
        image.Position = offset;
        int value = image.ReadByte();
        image.Position = offset;
        image.WriteByte((byte)(value ^ 0x10));
    }

    private static async Task Refused(Scene scene, int pid)
    {
        RunningProcess tool = await scene.Tool(4, "restore", scene.Image);

        Assert.Contains("offset", tool.Errors);
        Assert.True(ProcEntry.IsFree(pid));
    }
}
