using LazyRestore.EndToEnd.Tests.Harness;

namespace LazyRestore.EndToEnd.Tests;

/// <summary>Restores whose image is in an S3-compatible store.</summary>
public sealed class ObjectStoreTests(ObjectStore store) : IClassFixture<ObjectStore>
{
    [Theory]
    [InlineData(Mode.Lazy, "none")]
    [InlineData(Mode.Demand, "zstd")]
    public void MemoryComesBackFromAnObjectStore(Mode mode, string codec)
    {
        using Subject subject = Subject.StartTarget("memory");
        ProcessSnapshot before = subject.Snapshot();
        subject.Dump("--compress", codec);
        subject.RestoreFrom(store.Put(subject.Image), mode, "--s3-endpoint", store.Endpoint);
        if (mode != Mode.Demand)
        {
            subject.AwaitAsBefore(before);
        }

        subject.Verify();
    }

    [Fact]
    public void RedisAnswersAsBeforeFromAnObjectStore()
    {
        using RedisServer redis = RedisServer.Start();
        string digest = redis.Fill(50_000);
        redis.Subject.Dump();
        redis.Subject.RestoreFrom(store.Put(redis.Subject.Image), Mode.Lazy, "--s3-endpoint", store.Endpoint);
        using RedisConnection connection = redis.Connect();
        Assert.Equal(digest, connection.Call("DEBUG", "DIGEST"));
    }

    [Fact]
    public void CredentialsAndEndpointComeFromAProfile()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Dump();
        string image = store.Put(subject.Image);
        string credentials = subject.Scratch.File("credentials");
        File.WriteAllText(
            credentials,
            $"[right]\naws_access_key_id = {ObjectStore.AccessKey}\naws_secret_access_key = {ObjectStore.SecretKey}\n\n"
            + $"[wrong]\naws_access_key_id = {ObjectStore.AccessKey}\naws_secret_access_key = guessed\n");
        string local = subject.Tool("inspect", subject.Image).Exits(0).Output;
        Assert.Equal(local, Inspect("right").Exits(0).Output);
        Inspect("wrong").Exits(5).Names("forbidden");

        CommandResult Inspect(string profile)
        {
            using RunningProcess process = RunningProcess.Start(
                subject.Scratch.File(profile), subject.Scratch.Folder, "/usr/bin/env", "-u", "AWS_ACCESS_KEY_ID", "-u", "AWS_SECRET_ACCESS_KEY",
                $"AWS_SHARED_CREDENTIALS_FILE={credentials}", $"AWS_PROFILE={profile}", $"AWS_ENDPOINT_URL={store.Endpoint}",
                LazyRestoreBinary.Native.FilePath, "inspect", image);
            int status = process.WaitForExit();
            return new($"inspect with the profile {profile}", status, process.Output, process.Errors);
        }
    }

    [Fact]
    public void AnObjectThatIsReplacedMeanwhileIsRefused()
    {
        using Subject subject = Subject.StartTarget("ballast", "16");
        subject.Dump();
        string image = store.Put(subject.Image);
        RunningProcess restore = subject.RestoreFrom(image, Mode.Demand, "--on-page-error", "kill", "--s3-endpoint", store.Endpoint);
        using (FileStream file = new(subject.Image, FileMode.Open, FileAccess.Write))
        {
            file.Seek(-1, SeekOrigin.End);
            file.WriteByte(0);
        }

        Assert.Equal(image, store.Put(subject.Image));
        File.WriteAllText(subject.Scratch.File("go"), "");
        Assert.NotEqual(0, restore.WaitForExit());
        Assert.Contains("was replaced by another one", restore.Errors, StringComparison.Ordinal);
    }

    [Fact]
    public void WhatIsNotThereIsNamed()
    {
        using Subject subject = Subject.StartTarget("ballast", "1");
        subject.Dump();
        string image = store.Put(subject.Image);
        subject.Tool("inspect", image + ".other", "--s3-endpoint", store.Endpoint).Exits(5).Names("there is no image");
        subject.Tool("inspect", "s3://bucket", "--s3-endpoint", store.Endpoint).Exits(2).Names("s3://BUCKET/KEY");
    }
}
