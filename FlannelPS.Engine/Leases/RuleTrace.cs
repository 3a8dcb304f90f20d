namespace FlannelPS.Engine.Leases;

/// <summary>How one rule of the configuration ended.</summary>
internal enum RuleStatus
{
    /// <summary>It holds.</summary>
    Pass,

    /// <summary>It holds, and may not be what was meant.</summary>
    Warn,

    /// <summary>It is broken.</summary>
    Fail,

    /// <summary>It was not looked at.</summary>
    Skip,
}

/// <summary>What became of one rule.</summary>
/// <param name="Rule">Its name; where it is about one field, the field's.</param>
/// <param name="Status">How it ended.</param>
/// <param name="Message">What was found.</param>
/// <param name="Remedy">What to do; empty for nothing.</param>
internal sealed record RuleVerdict(string Rule, RuleStatus Status, string Message, string Remedy = "");

/// <summary>Takes down what the reader finds, rule by rule, where a person wants more than the first mistake. There is one implementation of each rule: the reader's.</summary>
internal sealed class RuleTrace
{
    private readonly List<RuleVerdict> _verdicts = [];

    /// <summary>What was found, in the order of the rules.</summary>
    public IReadOnlyList<RuleVerdict> Verdicts => _verdicts;

    /// <summary>A rule holds.</summary>
    public void Pass(string rule, string message) => _verdicts.Add(new(rule, RuleStatus.Pass, message));

    /// <summary>Anything else that is to be said.</summary>
    public void Add(RuleVerdict verdict) => _verdicts.Add(verdict);

    /// <summary>Runs a part of the check whose rules come in this order. The one it stops at is broken, and those behind it cannot be looked at.</summary>
    public T? Part<T>(IReadOnlyList<string> rules, Func<T> check)
        where T : class
    {
        var before = _verdicts.Count;
        try
        {
            return check();
        }
        catch (NetworkConfigException e)
        {
            var held = _verdicts.Count - before;
            _verdicts.Add(new(rules[held], RuleStatus.Fail, e.Message, $"Correct {rules[held]}."));
            Skip(rules.Skip(held + 1), $"{rules[held]} has to be right first");
            return null;
        }
    }

    /// <summary>Rules that are not looked at.</summary>
    public void Skip(IEnumerable<string> rules, string reason) => _verdicts.AddRange(rules.Select(rule => new RuleVerdict(rule, RuleStatus.Skip, reason)));
}
