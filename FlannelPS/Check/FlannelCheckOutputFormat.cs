namespace FlannelPS;

/// <summary>The form of a file of results.</summary>
public enum FlannelCheckOutputFormat
{
    /// <summary>JUnit's, which most pipelines read.</summary>
    JUnitXml,

    /// <summary>NUnit's, version 3.</summary>
    NUnitXml,
}
