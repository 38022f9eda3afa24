using System.CommandLine;
using System.CommandLine.Parsing;
using LazyRestore.Agent.Sources.Caching;

namespace LazyRestore.Tools.Commands;

/// <summary>The options of verbs that keep what they fetch of images elsewhere.</summary>
internal sealed class CacheOptions
{
    private const long UsualSize = 20L << 30;

    private readonly Option<string> _folder = new("--cache")
    {
        Description = "Keep what is fetched of an image elsewhere in the folder DIR, and do not fetch it again",
        HelpName = "DIR",
    };

    private readonly Option<long> _size = new("--cache-size")
    {
        Description = "How large the folder may become; what was used longest ago goes first",
        HelpName = "SIZE",
        CustomParser = Numbers.Bytes,
        DefaultValueFactory = _ => UsualSize,
    };

    /// <summary>Gives the options to a verb.</summary>
    /// <param name="verb">The verb.</param>
    /// <param name="isElsewhere">Whether its image is elsewhere.</param>
    public void AddTo(Command verb, Func<CommandResult, bool> isElsewhere)
    {
        verb.Add(_folder);
        verb.Add(_size);
        verb.Validators.Add(result =>
        {
            if (result.GetResult(_folder) is not null && !isElsewhere(result))
            {
                result.AddError("--cache is for images elsewhere; this one is here");
            }
        });
    }

    /// <summary>What stands for an image whose fetched pages are kept, when that was asked for.</summary>
    public string Applied(ParseResult parse, string image) =>
        parse.GetValue(_folder) is { } folder ? new CachedLocation(image, Path.GetFullPath(folder), parse.GetValue(_size)).Text : image;
}
