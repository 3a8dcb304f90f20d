namespace FlannelPS.ModuleTests;

/// <summary>Rules over many things: a failure names each that breaks the rule.</summary>
internal static class Expect
{
    /// <summary>Fails with all offenders, one a line.</summary>
    public static void None<T>(IEnumerable<T> offenders)
    {
        var list = offenders.Select(offender => $"{offender}").ToList();
        Assert.True(list.Count == 0, string.Join('\n', list));
    }
}
