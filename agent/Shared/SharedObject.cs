using Microsoft.Win32.SafeHandles;

namespace LazyRestore.Agent.Shared;

/// <summary>
/// A shared memory object that lacks its pages: memory of which the process has mappings, all of them registered, and nothing else, no
/// descriptor, no private mapping. A page that its file lacks is missing; one that it has is as the process left it.
/// </summary>
/// <param name="Space">The space of its extents in the image.</param>
/// <param name="File">The memory itself, open for reading and writing; whoever serves it owns the descriptor.</param>
/// <param name="Mappings">Where the process maps it.</param>
public sealed record SharedObject(int Space, SafeFileHandle File, IReadOnlyList<SharedMapping> Mappings);
