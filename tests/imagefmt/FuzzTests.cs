using System.Diagnostics;
using System.Globalization;

namespace LazyRestore.ImageFormat.Tests;

/// <summary>Mutated images: LAZYRESTORE_FUZZ_SECONDS makes it longer, LAZYRESTORE_FUZZ_SEED starts elsewhere.</summary>
public class FuzzTests
{
    private static readonly byte[] s_values = [0, 1, 0x7f, 0x80, 0x90, 0x9f, 0xc0, 0xc1, 0xc4, 0xc6, 0xc9, 0xcf, 0xd3, 0xd9, 0xdd, 0xdf, 0xff];

    [Fact]
    public void MutatedImagesAreReadOrRefused()
    {
        byte[][] images =
        [
            Damage.SmallImage(), TestImage.Write(Samples.All, [Damage.SmallExtent()]), TestImage.Sample(ExtentCodec.Zstd),
        ];
        int seed = Number("LAZYRESTORE_FUZZ_SEED", 1);
        TimeSpan limit = TimeSpan.FromSeconds(Number("LAZYRESTORE_FUZZ_SECONDS", 3));
        for (Stopwatch time = Stopwatch.StartNew(); time.Elapsed < limit; seed++)
        {
            Random random = new(seed);
            byte[] image = Mutate(images[random.Next(images.Length)], random);
            if (random.Next(4) > 0)
            {
                RawImage.Reseal(image);
            }

            Exception? other = Record.Exception(() => Damage.Of(image));
            Assert.True(other is null, $"seed {seed}: {other}");
        }
    }

    /// <summary>Changes an image in one to four places.</summary>
    internal static byte[] Mutate(byte[] image, Random random)
    {
        List<byte> bytes = [.. image];
        for (int times = random.Next(1, 5); times > 0; times--)
        {
            // Records, index and trailer are small beside the payloads, and where most can go wrong.
            int near = Math.Min(bytes.Count, 3000);
            int offset = random.Next(3) == 0 ? bytes.Count - 1 - random.Next(Math.Min(bytes.Count, 300)) : random.Next(near);
            int length = Math.Min(random.Next(1, 20), bytes.Count - offset);
            switch (random.Next(6))
            {
                case 0:
                    bytes[offset] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[offset] = s_values[random.Next(s_values.Length)];
                    break;
                case 2:
                    bytes.RemoveRange(offset, length);
                    break;
                case 3:
                    bytes.InsertRange(offset, Enumerable.Repeat(s_values[random.Next(s_values.Length)], length));
                    break;
                case 4:
                    bytes.InsertRange(offset, bytes.GetRange(random.Next(bytes.Count - length), length));
                    break;
                default:
                    for (int place = offset; place < offset + length; place++)
                    {
                        bytes[place] = (byte)random.Next(256);
                    }

                    break;
            }

            if (bytes.Count < 100)
            {
                return [.. bytes];
            }
        }

        return [.. bytes];
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), CultureInfo.InvariantCulture, out int value) ? value : otherwise;
}
