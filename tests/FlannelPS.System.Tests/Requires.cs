namespace FlannelPS.SystemTests;

/// <summary>What a test needs; where it is missing the test is skipped, and says so.</summary>
internal static class Requires
{
    public static void Daemon()
    {
        Assert.SkipUnless(Environment.UserName == "root", "needs root: it makes network namespaces");
        Assert.SkipWhen(Programs.FindFlannelpsd() is null, "there is no flannelpsd: run ./build.sh build, or set FLANNELPSD");
    }

    public static void Etcd() => Assert.SkipUnless(Command.IsThere("etcd"), "etcd is not installed (package etcd-server)");

    public static void Flanneld() => Assert.SkipWhen(Programs.Flanneld is null, "FLANNELD is not set: it names the original flanneld to compare with");

    public static bool IsLong => Environment.GetEnvironmentVariable("FLANNELPS_TEST_LONG") == "1";

    public static void Long() => Assert.SkipUnless(IsLong, "takes more than a minute: run with --long");
}
