using System.Management.Automation;
using FlannelPS.Checks;

namespace FlannelPS.Commands;

/// <summary>Tells whether a node is ready, and whether kernel, files and rules of its host are as it needs them.</summary>
[Cmdlet(VerbsDiagnostic.Test, "FlannelNode")]
[OutputType(typeof(bool), typeof(FlannelCheckResult))]
public sealed class TestFlannelNodeCommand : NodeCommand
{
    /// <summary>Which; wildcards allowed.</summary>
    [Parameter(Position = 0, ValueFromPipelineByPropertyName = true)]
    [ArgumentCompleter(typeof(NodeNameCompleter))]
    [SupportsWildcards]
    [ValidateNotNullOrEmpty]
    public string[] Name { get; set; } = ["flannel"];

    /// <summary>One object a check in place of true or false.</summary>
    [Parameter]
    public SwitchParameter Detailed { get; set; }

    /// <inheritdoc/>
    protected override void ProcessRecord()
    {
        foreach (var name in Resolve(Name))
        {
            var answers = Await(token => CheckFactsReader.AskAsync(name, token));
            var facts = CheckFactsReader.OfNode(answers, name, Detailed ? CheckCommand.Watched : TimeSpan.Zero);
            var isGood = true;
            // Of a node that is silent there is nothing more to be said.
            foreach (var check in CheckList.Of(FlannelCheckScope.Node).Where(check => answers.Silence.Length == 0 || check is NodeAnswersCheck))
            {
                foreach (var result in Await(token => Task.Run(() => CheckRun.Run(check, facts, name), token).WaitAsync(token)))
                {
                    isGood &= result.Status != FlannelTestStatus.Fail;
                    if (Detailed)
                        WriteObject(result);
                    else if (result.Status is FlannelTestStatus.Fail or FlannelTestStatus.Warn)
                        WriteVerbose($"{name}: {result}");
                }
            }
            if (!Detailed)
                WriteObject(isGood);
        }
    }
}
