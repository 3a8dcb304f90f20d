using System.Management.Automation;

namespace FlannelPS;

/// <summary>Takes a time span, or a number of seconds, for so long ago, where a time is asked for.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AgoAttribute : ArgumentTransformationAttribute
{
    /// <inheritdoc/>
    public override object Transform(EngineIntrinsics engineIntrinsics, object inputData)
        => (inputData is PSObject wrapped ? wrapped.BaseObject : inputData) switch
        {
            TimeSpan span => DateTimeOffset.Now - span.Duration(),
            int seconds => DateTimeOffset.Now - TimeSpan.FromSeconds(Math.Abs((double)seconds)),
            double seconds when Math.Abs(seconds) < 1e9 => DateTimeOffset.Now - TimeSpan.FromSeconds(Math.Abs(seconds)),
            _ => inputData,
        };
}
