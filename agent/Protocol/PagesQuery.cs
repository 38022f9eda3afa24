namespace LazyRestore.Agent.Protocol;

/// <summary>Stored pages of an extent that somebody asks for.</summary>
/// <param name="Extent">Its place in the image's index.</param>
/// <param name="Page">The first page, 0 to 511.</param>
/// <param name="Count">How many pages, stored or not.</param>
/// <param name="WithHead">Whether what stands before the extent's payload is to come first.</param>
internal readonly record struct PagesQuery(int Extent, int Page, int Count, bool WithHead);
