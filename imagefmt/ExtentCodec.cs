namespace LazyRestore.ImageFormat;

/// <summary>How the pages of an extent are stored.</summary>
public enum ExtentCodec
{
    /// <summary>As they are; they can be mapped straight from the file.</summary>
    None,

    /// <summary>In blocks of LZ4 (the block format, without a frame).</summary>
    Lz4,

    /// <summary>In blocks that are a Zstandard frame each.</summary>
    Zstd,
}
