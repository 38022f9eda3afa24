namespace LazyRestore.ImageFormat.Tests;

public sealed class WorkingSetTests : IDisposable
{
    private static readonly byte[] s_image = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    private static readonly WorkingSet s_set = new([new(0x7f00_0000_0000, 3), new(0x1000, 1), new(0xffff_ffff_f000, 512)]);
    private readonly string _image = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());

    [Fact]
    public void It_comes_back_in_its_order()
    {
        s_set.Write(_image, s_image);

        Assert.Equal(s_set.Runs, WorkingSet.TryRead(_image, s_image)!.Runs);
        Assert.Equal(516, s_set.Pages);
    }

    [Fact]
    public void That_of_another_image_is_ignored()
    {
        s_set.Write(_image, s_image);

        Assert.Null(WorkingSet.TryRead(_image, [.. s_image.Reverse()]));
        Assert.Null(WorkingSet.TryRead(_image + "-other", s_image));
    }

    [Fact]
    public void Every_damage_makes_it_none()
    {
        s_set.Write(_image, s_image);
        byte[] bytes = File.ReadAllBytes(WorkingSet.PathOf(_image));
        for (int length = 0; length < bytes.Length; length++)
        {
            Assert.Null(WorkingSet.Parse(bytes.AsMemory(0, length), s_image));
        }

        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] damaged = [.. bytes];
            damaged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.Null(WorkingSet.Parse(damaged, s_image));
        }
    }

    public void Dispose() => File.Delete(WorkingSet.PathOf(_image));
}
