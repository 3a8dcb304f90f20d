namespace FlannelPS.Checks;

/// <summary>What a check found, before it is told whose it is.</summary>
/// <param name="Status">How it ended.</param>
/// <param name="Evidence">What was seen, one line.</param>
/// <param name="Cause">Why it is so; empty for what is right.</param>
/// <param name="Remedy">What to do; empty for nothing.</param>
/// <param name="Target">What it is about.</param>
internal sealed record Finding(FlannelTestStatus Status, string Evidence, string Cause = "", string Remedy = "", string Target = "")
{
    public static Finding Pass(string evidence, string target = "") => new(FlannelTestStatus.Pass, evidence, Target: target);

    public static Finding Warn(string evidence, string cause, string remedy, string target = "") => new(FlannelTestStatus.Warn, evidence, cause, remedy, target);

    public static Finding Fail(string evidence, string cause, string remedy, string target = "") => new(FlannelTestStatus.Fail, evidence, cause, remedy, target);

    public static Finding Skip(string reason, string target = "") => new(FlannelTestStatus.Skip, reason, Target: target);
}

/// <summary>One thing that is looked at. It judges facts and reads nothing itself, so that facts written down elsewhere can be judged too.</summary>
/// <param name="name">One word.</param>
/// <param name="category">Where it belongs.</param>
/// <param name="scope">What it is about.</param>
/// <param name="description">What it looks at.</param>
/// <param name="tags">Beside those that follow from category and scope; Simple where Comprehensive is not named.</param>
internal abstract class Check(string name, string category, FlannelCheckScope scope, string description, params string[] tags)
{
    public const string Simple = nameof(Simple), Comprehensive = nameof(Comprehensive), RequiresRoot = nameof(RequiresRoot);

    /// <summary>What is told of it.</summary>
    public FlannelCheck About { get; } = new(name, category, scope, description,
    [
        category,
        .. Enum.GetValues<FlannelCheckScope>().Where(one => one != FlannelCheckScope.None && scope.HasFlag(one)).Select(one => one.ToString()).Where(one => one != category),
        .. tags.Contains(Comprehensive) ? tags : [Simple, .. tags],
    ]);

    /// <summary>Judges.</summary>
    /// <exception cref="FactsMissingException">What it judges by cannot be read.</exception>
    public abstract IEnumerable<Finding> Judge(CheckFacts facts);
}

/// <summary>A fact cannot be read: whoever judges by it has not looked, and says why.</summary>
/// <param name="reason">One line.</param>
/// <param name="inner">What was caught.</param>
internal sealed class FactsMissingException(string reason, Exception? inner = null) : Exception(reason, inner);
