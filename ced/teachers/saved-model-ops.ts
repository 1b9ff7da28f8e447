/**
 * The TensorFlow ops that a teacher's graph may hold. Everything else is refused: files
 * (`ReadFile`, `WriteFile`, `MatchingFiles`, readers, data sets, tables filled from a file, image
 * and audio file formats), what prints or debugs to an address (`PrintV2`, `DebugIdentity`),
 * Python, remote calls, collectives, queues, and whole programs in another language
 * (`XlaCallModule`).
 */

const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** From numbers to numbers, with variables, functions and control flow. */
export const COMPUTES: ReadonlySet<string> = new Set(
  words(`
    NoOp Const Placeholder PlaceholderWithDefault Identity IdentityN StopGradient PreventGradient
    Snapshot EnsureShape Assert CheckNumerics CheckNumericsV2 GuaranteeConst ControlTrigger
    _Arg _Retval FakeParam DeviceIndex

    Abs Acos Acosh Add AddN AddV2 AccumulateNV2 All Any Angle ApproximateEqual ArgMax ArgMin Asin
    Asinh Atan Atan2 Atanh BesselI0 BesselI0e BesselI1 BesselI1e BesselJ0 BesselJ1 BesselK0
    BesselK0e BesselK1 BesselK1e BesselY0 BesselY1 Betainc Bincount DenseBincount Bucketize Cast
    Bitcast Ceil ClipByValue Complex ComplexAbs Conj Cos Cosh Cross Cumprod Cumsum
    CumulativeLogsumexp Dawsn Digamma Div DivNoNan Equal Erf Erfc Erfinv EuclideanNorm Exp
    Expint Expm1 Floor FloorDiv FloorMod FresnelCos FresnelSin Greater GreaterEqual
    HistogramFixedWidth Igamma Igammac Imag Inv InvGrad IsFinite IsInf IsNan Less LessEqual Lgamma
    LinSpace Log Log1p LogicalAnd LogicalNot LogicalOr Max Maximum Mean Min Minimum Mod Mul MulNoNan
    Ndtri Neg NextAfter NotEqual Polygamma Pow Prod Range Real RealDiv Reciprocal ReciprocalGrad
    Rint Round Rsqrt RsqrtGrad SegmentMax SegmentMaxV2 SegmentMean SegmentMin SegmentMinV2
    SegmentProd SegmentProdV2 SegmentSum SegmentSumV2 Select SelectV2 Sigmoid SigmoidGrad Sign Sin
    Sinh Spence Sqrt SqrtGrad Square SquaredDifference Sub Sum Tan Tanh TanhGrad TruncateDiv
    TruncateMod UnsortedSegmentMax UnsortedSegmentMin UnsortedSegmentProd UnsortedSegmentSum Xdivy
    Xlog1py Xlogy Zeta Invert BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift PopulationCount

    BatchMatMul BatchMatMulV2 BatchMatMulV3 MatMul SparseMatMul _FusedMatMul Einsum Cholesky
    MatrixDeterminant LogMatrixDeterminant MatrixInverse MatrixSolve MatrixSolveLs
    MatrixTriangularSolve MatrixSquareRoot MatrixExponential MatrixLogarithm Qr SelfAdjointEigV2
    Svd TridiagonalMatMul TridiagonalSolve MatrixBandPart MatrixDiag MatrixDiagV2 MatrixDiagV3
    MatrixDiagPart MatrixDiagPartV2 MatrixDiagPartV3 MatrixSetDiag MatrixSetDiagV2 MatrixSetDiagV3

    AvgPool AvgPool3D AvgPoolGrad BatchNormWithGlobalNormalization BiasAdd BiasAddGrad BiasAddV1
    Conv Conv2D Conv2DBackpropFilter Conv2DBackpropInput Conv2DBackpropInputV2 Conv3D
    Conv3DBackpropInputV2 DataFormatDimMap DataFormatVecPermute DepthwiseConv2dNative
    DepthwiseConv2dNativeBackpropFilter DepthwiseConv2dNativeBackpropInput Dilation2D Elu EluGrad
    FractionalAvgPool FractionalMaxPool FusedBatchNorm FusedBatchNormV2 FusedBatchNormV3
    FusedBatchNormGrad FusedBatchNormGradV2 FusedBatchNormGradV3 _FusedBatchNormEx _FusedConv2D
    _FusedDepthwiseConv2dNative FusedPadConv2D InTopK InTopKV2 L2Loss LRN LeakyRelu LeakyReluGrad
    LogSoftmax MaxPool MaxPoolV2 MaxPool3D MaxPoolGrad MaxPoolWithArgmax NthElement Relu Relu6
    Relu6Grad ReluGrad Selu SeluGrad Softmax SoftmaxCrossEntropyWithLogits
    SparseSoftmaxCrossEntropyWithLogits Softplus SoftplusGrad Softsign SoftsignGrad TopK TopKV2
    ApproxTopK CTCGreedyDecoder BlockLSTM BlockLSTMV2 LSTMBlockCell GRUBlockCell CudnnRNN CudnnRNNV2
    CudnnRNNV3 CudnnRNNCanonicalToParams CudnnRNNCanonicalToParamsV2 CudnnRNNParamsSize

    FakeQuantWithMinMaxArgs FakeQuantWithMinMaxVars FakeQuantWithMinMaxVarsPerChannel Dequantize
    QuantizeV2 QuantizeAndDequantize QuantizeAndDequantizeV2 QuantizeAndDequantizeV3
    QuantizeAndDequantizeV4 QuantizedAdd QuantizedBiasAdd QuantizedConcat QuantizedConcatV2
    QuantizedConv2D QuantizedMatMul QuantizedMaxPool QuantizedAvgPool QuantizedMul QuantizedRelu
    QuantizedRelu6 QuantizedReshape Requantize RequantizationRange QuantizeDownAndShrinkRange

    BatchToSpace BatchToSpaceND BroadcastArgs BroadcastGradientArgs BroadcastTo Concat ConcatOffset
    ConcatV2 DepthToSpace Diag DiagPart DynamicPartition DynamicStitch ParallelDynamicStitch
    EditDistance Empty ExpandDims ExtractImagePatches ExtractVolumePatches Fill Gather GatherNd
    GatherV2 InplaceAdd InplaceSub InplaceUpdate InvertPermutation ListDiff LowerBound UpperBound
    MirrorPad MirrorPadGrad OneHot OnesLike Pack Pad PadV2 ParallelConcat Rank Reshape Reverse
    ReverseSequence ReverseV2 Roll ScatterNd ScatterNdNonAliasingAdd Shape ShapeN Size
    Slice SpaceToBatch SpaceToBatchND SpaceToDepth Split SplitV Squeeze StridedSlice
    StridedSliceGrad TensorScatterAdd TensorScatterMax TensorScatterMin TensorScatterSub
    TensorScatterUpdate TensorStridedSliceUpdate Tile Transpose ConjugateTranspose Unique UniqueV2
    UniqueWithCounts UniqueWithCountsV2 Unpack UnravelIndex Where ZerosLike

    FFT FFT2D FFT3D FFTND IFFT IFFT2D IFFT3D IFFTND RFFT RFFT2D RFFT3D RFFTND IRFFT IRFFT2D IRFFT3D
    IRFFTND BatchFFT BatchFFT2D BatchFFT3D BatchIFFT BatchIFFT2D BatchIFFT3D AudioSpectrogram Mfcc
    AudioMicrofrontend AdjustContrastv2 AdjustHue AdjustSaturation CropAndResize HSVToRGB RGBToHSV
    ImageProjectiveTransformV2 ImageProjectiveTransformV3 NonMaxSuppression NonMaxSuppressionV2
    NonMaxSuppressionV3 NonMaxSuppressionV4 NonMaxSuppressionV5 ResizeArea ResizeBicubic
    ResizeBilinear ResizeNearestNeighbor ScaleAndTranslate

    RaggedGather RaggedRange RaggedTensorToSparse RaggedTensorToTensor RaggedTensorToVariant
    RaggedTensorFromVariant SparseAdd SparseConcat SparseFillEmptyRows SparseReduceMax
    SparseReduceSum SparseReorder SparseReshape SparseSegmentMean SparseSegmentSqrtN
    SparseSegmentSum SparseSlice SparseSoftmax SparseSplit SparseTensorDenseAdd
    SparseTensorDenseMatMul SparseToDense

    Multinomial RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle RandomStandardNormal
    RandomUniform RandomUniformInt TruncatedNormal ParameterizedTruncatedNormal StatelessMultinomial
    StatelessRandomGetAlg StatelessRandomGetKeyCounter StatelessRandomGetKeyCounterAlg
    StatelessRandomNormal StatelessRandomNormalV2 StatelessRandomUniform StatelessRandomUniformV2
    StatelessRandomUniformInt StatelessRandomUniformIntV2 StatelessTruncatedNormal
    StatelessTruncatedNormalV2 StatefulUniform StatefulUniformInt StatefulUniformFullInt
    StatefulStandardNormalV2 StatefulTruncatedNormal RngReadAndSkip RngSkip

    VarHandleOp VarIsInitializedOp ReadVariableOp AssignVariableOp AssignAddVariableOp
    AssignSubVariableOp VariableShape DestroyResourceOp DisableCopyOnRead ResourceGather
    ResourceGatherNd ResourceScatterAdd ResourceScatterMax ResourceScatterMin ResourceScatterSub
    ResourceScatterUpdate ResourceScatterNdUpdate ResourceStridedSliceAssign Variable VariableV2
    IsVariableInitialized Assign AssignAdd AssignSub ScatterAdd ScatterSub ScatterUpdate
    ResourceApplyAdam ResourceApplyAdagrad ResourceApplyAdagradV2 ResourceApplyGradientDescent
    ResourceApplyKerasMomentum ResourceApplyMomentum ResourceApplyRMSProp
    HashTable HashTableV2 MutableHashTable MutableHashTableV2 AnonymousHashTable LookupTableFind
    LookupTableFindV2 LookupTableSize LookupTableSizeV2 LookupTableImportV2 LookupTableInsertV2
    LookupTableExportV2 InitializeTable InitializeTableV2

    PartitionedCall StatefulPartitionedCall If StatelessIf Case StatelessCase While StatelessWhile
    For Switch RefSwitch Merge RefMerge Enter RefEnter Exit RefExit NextIteration RefNextIteration
    LoopCond SymbolicGradient MapDefun EmptyTensorList TensorListConcatV2 TensorListConcat
    TensorListElementShape TensorListFromTensor TensorListGather TensorListGetItem TensorListLength
    TensorListPopBack TensorListPushBack TensorListPushBackBatch TensorListReserve TensorListResize
    TensorListScatter TensorListScatterIntoExistingList TensorListScatterV2 TensorListSetItem
    TensorListSplit TensorListStack TensorArrayV3 TensorArrayCloseV3 TensorArrayConcatV3
    TensorArrayGatherV3 TensorArrayGradV3 TensorArrayReadV3 TensorArrayScatterV3 TensorArraySizeV3
    TensorArraySplitV3 TensorArrayWriteV3 StackV2 StackPopV2 StackPushV2 StackCloseV2

    AsString StringFormat StringJoin StringLength StringLower StringUpper StringStrip StringSplit
    StringSplitV2 StringToNumber StringToHashBucketFast StringToHashBucketStrong Substr
    RegexFullMatch RegexReplace StaticRegexFullMatch StaticRegexReplace
  `),
);

/** Reads a checkpoint by its path: the model's own, when it is loaded. */
export const RESTORES: ReadonlySet<string> = new Set(['RestoreV2']);

/** Writes a checkpoint: in every file that TensorFlow saves, and never run here. */
export const SAVES: ReadonlySet<string> = new Set([
  'SaveV2',
  'ShardedFilename',
  'ShardedFilespec',
  'MergeV2Checkpoints',
]);
