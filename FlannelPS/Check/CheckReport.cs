using System.Globalization;
using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace FlannelPS.Checks;

/// <summary>Results as the files that pipelines read.</summary>
internal static class CheckReport
{
    private const string SuiteName = "FlannelPS";

    /// <summary>The file's text.</summary>
    public static string Render(IReadOnlyList<FlannelCheckResult> results, FlannelCheckOutputFormat format)
    {
        var text = new StringBuilder();
        using (var writer = XmlWriter.Create(text, new() { Indent = true, OmitXmlDeclaration = true }))
            (format == FlannelCheckOutputFormat.JUnitXml ? JUnit(results) : NUnit(results)).WriteTo(writer);
        return $"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n{text}\n";
    }

    private static XElement JUnit(IReadOnlyList<FlannelCheckResult> results)
        => new("testsuites", Attributes(results, "tests", "failures", "skipped"), new XAttribute("name", SuiteName), new XAttribute("time", Seconds(results)),
            results.GroupBy(SuiteOf).Select(group => new XElement("testsuite",
                new XAttribute("name", group.Key), group.First().ComputerName is { Length: > 0 } computer ? new XAttribute("hostname", computer) : null, Attributes([.. group], "tests", "failures", "skipped"), new XAttribute("errors", 0), new XAttribute("time", Seconds(group)),
                group.Select(result => new XElement("testcase", new XAttribute("name", Clean(NameOf(result))), new XAttribute("classname", $"{SuiteName}.{result.Category}"), new XAttribute("time", Seconds([result])),
                    result.Status switch
                    {
                        FlannelTestStatus.Fail => new XElement("failure", new XAttribute("message", Clean(result.Message)), Clean(Reasons(result))),
                        FlannelTestStatus.Skip => new XElement("skipped", new XAttribute("message", Clean(result.Message))),
                        var status => new XElement("system-out", Clean($"{status}: {result.Message}{(status == FlannelTestStatus.Warn ? $" {Reasons(result)}" : "")}")),
                    })))));

    /// <remarks>docs.nunit.org, Test Result XML Format (NUnit 3).</remarks>
    private static XElement NUnit(IReadOnlyList<FlannelCheckResult> results)
        => new("test-run", new XAttribute("id", 0), new XAttribute("testcasecount", results.Count), new XAttribute("result", Outcome(results)), Attributes(results, "total", "failed", "skipped"),
            new XAttribute("passed", results.Count(result => result.Status is FlannelTestStatus.Pass)), new XAttribute("warnings", results.Count(result => result.Status is FlannelTestStatus.Warn)),
            new XAttribute("duration", Seconds(results)),
            results.GroupBy(SuiteOf).Select((group, index) => new XElement("test-suite", new XAttribute("type", "TestFixture"), new XAttribute("id", index + 1), new XAttribute("name", group.Key),
                new XAttribute("fullname", $"{SuiteName}.{group.Key}"), new XAttribute("result", Outcome([.. group])), Attributes([.. group], "testcasecount", "failed", "skipped"), new XAttribute("duration", Seconds(group)),
                group.Select((result, number) => new XElement("test-case", new XAttribute("id", $"{index + 1}-{number + 1}"), new XAttribute("name", Clean(NameOf(result))), new XAttribute("fullname", Clean($"{SuiteName}.{group.Key}.{NameOf(result)}")),
                    new XAttribute("result", result.Status switch { FlannelTestStatus.Pass => "Passed", FlannelTestStatus.Warn => "Warning", FlannelTestStatus.Fail => "Failed", _ => "Skipped" }), new XAttribute("duration", Seconds([result])),
                    result.Status is FlannelTestStatus.Fail ? new XElement("failure", new XElement("message", Clean($"{result.Message} {Reasons(result)}"))) : new XElement("reason", new XElement("message", Clean(result.Message))))))));

    private static XAttribute[] Attributes(IReadOnlyList<FlannelCheckResult> results, string all, string failed, string skipped)
        => [new(all, results.Count), new(failed, results.Count(result => result.Status is FlannelTestStatus.Fail)), new(skipped, results.Count(result => result.Status is FlannelTestStatus.Skip))];

    private static string Outcome(IReadOnlyList<FlannelCheckResult> results)
        => results.Any(result => result.Status is FlannelTestStatus.Fail) ? "Failed" : results.Any(result => result.Status is FlannelTestStatus.Warn) ? "Warning"
            : results.Any(result => result.Status is FlannelTestStatus.Pass) ? "Passed" : "Skipped";

    // The suites of a computer that was asked from afar are told apart by its name.
    private static string SuiteOf(FlannelCheckResult result) => Clean(result.ComputerName.Length > 0 ? $"{result.ComputerName} {result.Category}" : result.Category);

    private static string NameOf(FlannelCheckResult result)
        => string.Join(' ', new[] { result.Name, result.Node.Length > 0 ? $"on {result.Node}" : "", result.Target.Length > 0 ? $"({result.Target})" : "" }.Where(part => part.Length > 0));

    private static string Reasons(FlannelCheckResult result) => $"Cause: {result.Cause} Remedy: {result.Remedy}";

    // A check's results share the time of one reading.
    private static string Seconds(IEnumerable<FlannelCheckResult> results)
        => results.GroupBy(result => (result.ComputerName, result.Name, result.Node)).Sum(group => group.Max(result => result.Duration.TotalSeconds)).ToString("0.000", CultureInfo.InvariantCulture);

    // A lease may hold any character, XML not.
    private static string Clean(string text) => string.Concat(text.Select(character => XmlConvert.IsXmlChar(character) ? character : '\ufffd'));
}
