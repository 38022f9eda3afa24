using System.Text.Json;
using LazyRestore.ImageFormat.Tests;

namespace LazyRestore.Tools.Tests.CommandLine;

/// <summary>Looks into an image that holds a record of every kind.</summary>
public sealed class InspectTests(ImageFolder folder) : IClassFixture<ImageFolder>
{
    [Fact]
    public void SummaryTellsWhatTheImageIs()
    {
        JsonElement json = Inspect().Json;

        Assert.Equal("result", json.GetProperty("event").GetString());
        Assert.Equal(4711, json.GetProperty("pid").GetInt32());
        Assert.Equal("2023-11-14T22:13:20Z", json.GetProperty("created").GetString());
        Assert.Equal(51, json.GetProperty("stored_pages").GetInt64());
        Assert.Equal("lz4", Assert.Single(json.GetProperty("codecs").EnumerateArray()).GetString());
        Assert.Equal(new FileInfo(folder.Image).Length, json.GetProperty("image_bytes").GetInt64());
    }

    [Theory]
    [InlineData("processes", 2)]
    [InlineData("threads", 2)]
    [InlineData("maps", 4)]
    [InlineData("files", 20)]
    public void ASectionHasARowForEachThing(string section, int rows)
    {
        Assert.Equal(rows, Inspect(section).Json.GetProperty(section).GetArrayLength());
        Assert.NotEmpty(Run(section).Output);
    }

    [Fact]
    public void MapsCountStoredPagesOfMemoryAndOfSharedObjects()
    {
        long[] stored = [.. Inspect("maps").Json.GetProperty("maps").EnumerateArray()
            .Select(map => map.GetProperty("stored_pages").GetInt64())];

        // The object is mapped only up to its first MiB, and all of its stored pages lie behind.
        Assert.Equal([0, 44, 0, 4], stored);
    }

    [Fact]
    public void PagesListsTheExtents()
    {
        JsonElement json = Inspect("pages").Json;

        Assert.Equal(4, json.GetProperty("extents").GetArrayLength());
        Assert.Equal(51, json.GetProperty("extents").EnumerateArray().Sum(extent => extent.GetProperty("pages").GetInt64()));
        Assert.Equal(1, json.GetProperty("extents")[3].GetProperty("object").GetInt32());
    }

    [Fact]
    public void PageShowsTheBytesAtAnAddress()
    {
        string address = $"{Samples.Heap + 0x3000 + 17:x}";

        JsonElement json = Inspect("page", address).Json;
        byte[] expected = SampleExtent.Some(ImageFormat.ExtentCodec.Lz4)[0].Pages.AsSpan(3 * 4096, 4096).ToArray();
        Assert.Equal(expected, json.GetProperty("data").GetBytesFromBase64());
        Assert.Contains($"{Samples.Heap + 0x3000:x12}  ", Run("page", "0x" + address).Output, StringComparison.Ordinal);
    }

    [Fact]
    public void PageTellsWhatIsNotStored()
    {
        Assert.Equal("zero", Inspect("page", $"{Samples.Heap + (100 * 4096):x}").Json.GetProperty("content").GetString());
        Assert.Equal("file", Inspect("page", "555555554000").Json.GetProperty("content").GetString());
        Assert.Equal(1, Inspect("page", "1000").ExitCode);
    }

    [Fact]
    public void VerifyFindsADamagedPage()
    {
        Assert.True(Inspect("verify").Json.GetProperty("intact").GetBoolean());
        byte[] bytes = File.ReadAllBytes(folder.Image);
        long payload = Inspect("pages").Json.GetProperty("extents")[1].GetProperty("payload_offset").GetInt64();
        bytes[payload + 5] ^= 1;
        string damaged = folder.Of("damaged.ckpt");
        File.WriteAllBytes(damaged, bytes);

        Invocation run = Invocation.Of("inspect", damaged, "verify", "--json");
        Assert.Equal(4, run.ExitCode);
        Assert.Equal("damaged_image", run.Json.GetProperty("reason").GetString());
        Assert.Equal("extent", run.Json.GetProperty("record").GetString());
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("restore")]
    public void WhatIsNoImageEndsWith4(string verb)
    {
        string path = folder.Of("text");
        File.WriteAllText(path, "This is no image, whatever its name says.\n");

        Invocation run = Invocation.Of(verb, path);
        Assert.Equal(4, run.ExitCode);
        Assert.Contains("header record at offset 0", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("inspect")]
    [InlineData("restore")]
    public void AMissingFileEndsWith1AndIsNamed(string verb)
    {
        string path = folder.Of("missing");

        Invocation run = Invocation.Of(verb, path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(path, run.Error, StringComparison.Ordinal);
        Assert.Contains("  hint: ", run.Error, StringComparison.Ordinal);
    }

    private Invocation Inspect(params string[] section) => Run([.. section, "--json"]);

    private Invocation Run(params string[] section) => Invocation.Of(["inspect", folder.Image, .. section]);
}
