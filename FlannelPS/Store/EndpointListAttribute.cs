using System.Collections;
using System.Management.Automation;

namespace FlannelPS;

/// <summary>Takes a list with commas in one text, as flannel's own option has it, apart; a <c>local:</c> folder may have commas in its name.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class EndpointListAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => Plain(inputData) switch
        {
            string text => Apart(text),
            IEnumerable list and not Uri => list.Cast<object>().SelectMany(item => Plain(item) is string text ? Apart(text) : (IEnumerable<object>)[item]).ToArray(),
            _ => inputData,
        };

    private static object Plain(object value) => value is PSObject wrapped ? wrapped.BaseObject : value;

    private static string[] Apart(string text)
        => text.StartsWith(StoreTarget.LocalScheme, StringComparison.Ordinal) ? [text] : text.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
