using LazyRestore.Tools.Commands;
using LazyRestore.Tools.Output;

return CommandLine.Run(args, Streams.OfProcess());
