using System.Globalization;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;

namespace LazyRestore.EndToEnd.Tests.Harness;

/// <summary>OpenStack Swift with its S3 interface, in a directory of its own and one process, for all tests of a class.</summary>
public sealed class ObjectStore : IDisposable
{
    internal const string Bucket = "images";
    internal const string AccessKey = "test:tester";
    internal const string SecretKey = "testing";
    private const string Python = "/usr/bin/python3";
    private readonly Scratch _scratch = new();
    private readonly RunningProcess? _process;

    public ObjectStore()
    {
        if (!Directory.Exists("/usr/lib/python3/dist-packages/swift"))
        {
            return;
        }

        string script = Path.Combine(Repository.Root, "tests", "endtoend", "Harness", "object_store.py");
        _process = RunningProcess.Start(_scratch.File("store"), _scratch.Folder, Python, script, _scratch.Folder);
        Deadline.Await("the object store listens", () => _process.Output.EndsWith('\n') || _process.HasExited, _process.Describe);
        Assert.False(_process.HasExited, _process.Describe());
        Endpoint = $"http://127.0.0.1:{_process.Output.Trim()}";
        using AmazonS3Client client = Client();
        client.PutBucketAsync(Bucket).Wait();

        // What the programs that are tested find in their environment.
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", AccessKey);
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", SecretKey);
    }

    /// <summary>Where it is.</summary>
    internal string Endpoint { get; } = "";

    /// <summary>Puts a file there and returns its location.</summary>
    internal string Put(string file)
    {
        Assert.SkipUnless(_process is not null, "python3-swift is not installed");
        using AmazonS3Client client = Client();
        string key = string.Create(CultureInfo.InvariantCulture, $"some/{Path.GetFileName(Path.GetDirectoryName(file))}.ckpt");
        client.PutObjectAsync(new PutObjectRequest { BucketName = Bucket, Key = key, FilePath = file, UseChunkEncoding = false }).Wait();
        return $"s3://{Bucket}/{key}";
    }

    public void Dispose()
    {
        _process?.Dispose();
        _scratch.Dispose();
    }

    private AmazonS3Client Client() => new(new BasicAWSCredentials(AccessKey, SecretKey), new AmazonS3Config
    {
        ServiceURL = Endpoint,
        ForcePathStyle = true,
        AuthenticationRegion = "us-east-1",
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
    });
}
