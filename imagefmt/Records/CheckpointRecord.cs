namespace LazyRestore.ImageFormat.Records;

/// <summary>One record of a checkpoint: immutable data that stands in the image as a map with string keys.</summary>
public abstract record CheckpointRecord;
