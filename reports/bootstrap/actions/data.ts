/** What keeps data: databases, buckets, tables, streams, the lake. From the Service Authorization Reference, 2026-11. */
import { type ActionRow, regional } from "./row.ts";

export const data: ActionRow[] = [
  {
    types: ["aws:rds/"],
    service: "rds",
    on: regional("rds", "cluster:{name}", "db:{name}", "subgrp:{name}", "cluster-pg:{name}", "cluster-snapshot:{name}"),
    read: "DescribeDBClusters DescribeDBInstances DescribeDBSubnetGroups DescribeDBClusterParameterGroups DescribeDBClusterParameters DescribeGlobalClusters ListTagsForResource",
    write:
      "CreateDBCluster ModifyDBCluster DeleteDBCluster CreateDBInstance ModifyDBInstance DeleteDBInstance CreateDBSubnetGroup ModifyDBSubnetGroup DeleteDBSubnetGroup CreateDBClusterParameterGroup ModifyDBClusterParameterGroup DeleteDBClusterParameterGroup CreateDBClusterSnapshot EnableHttpEndpoint DisableHttpEndpoint AddTagsToResource RemoveTagsFromResource",
    anywhere: "DescribeGlobalClusters",
  },
  {
    // Aurora keeps the administrator's password in a secret of its own, made with the caller's permissions.
    types: ["aws:rds/cluster:Cluster"],
    service: "secretsmanager",
    on: regional("secretsmanager", "secret:rds!cluster-*"),
    read: "DescribeSecret",
    write: "CreateSecret RotateSecret TagResource",
  },
  {
    types: ["aws:dynamodb/table:Table"],
    service: "dynamodb",
    on: regional("dynamodb", "table/{name}", "table/{name}/*"),
    read: "DescribeTable DescribeContinuousBackups DescribeTimeToLive DescribeKinesisStreamingDestination GetResourcePolicy ListTagsOfResource",
    write:
      "CreateTable UpdateTable DeleteTable UpdateContinuousBackups UpdateTimeToLive PutResourcePolicy DeleteResourcePolicy TagResource UntagResource",
  },
  {
    types: ["aws:s3/bucketObjectv2:BucketObjectv2", "aws:s3/bucketObject:BucketObject"],
    service: "s3",
    on: ["arn:${AWS::Partition}:s3:::*/*"],
    read: "GetObject GetObjectTagging GetObjectVersion",
    write: "PutObject PutObjectTagging DeleteObject DeleteObjectVersion",
  },
  {
    types: ["aws:s3/bucket"],
    service: "s3",
    on: ["arn:${AWS::Partition}:s3:::{name}"],
    read: "ListBucket ListBucketVersions GetAccelerateConfiguration GetBucketAcl GetBucketCORS GetBucketLocation GetBucketLogging GetBucketNotification GetBucketObjectLockConfiguration GetBucketOwnershipControls GetBucketPolicy GetBucketPublicAccessBlock GetBucketRequestPayment GetBucketTagging GetBucketVersioning GetBucketWebsite GetEncryptionConfiguration GetLifecycleConfiguration GetReplicationConfiguration ListTagsForResource",
    write:
      "CreateBucket DeleteBucket DeleteBucketPolicy PutBucketCORS PutBucketLogging PutBucketNotification PutBucketObjectLockConfiguration PutBucketOwnershipControls PutBucketPolicy PutBucketPublicAccessBlock PutBucketTagging PutBucketVersioning PutBucketWebsite DeleteBucketWebsite PutEncryptionConfiguration PutLifecycleConfiguration PutReplicationConfiguration TagResource UntagResource",
  },
  {
    types: ["aws:kinesis/stream:Stream", "aws:kinesis/resourcePolicy:ResourcePolicy"],
    service: "kinesis",
    on: regional("kinesis", "stream/{name}"),
    read: "DescribeStreamSummary DescribeStream ListShards GetResourcePolicy ListTagsForStream ListTagsForResource",
    write:
      "CreateStream DeleteStream UpdateShardCount UpdateStreamMode IncreaseStreamRetentionPeriod DecreaseStreamRetentionPeriod StartStreamEncryption StopStreamEncryption EnableEnhancedMonitoring DisableEnhancedMonitoring PutResourcePolicy DeleteResourcePolicy AddTagsToStream RemoveTagsFromStream TagResource UntagResource",
  },
  {
    types: ["aws:kinesis/firehoseDeliveryStream:FirehoseDeliveryStream"],
    service: "firehose",
    on: regional("firehose", "deliverystream/{name}"),
    read: "DescribeDeliveryStream ListTagsForDeliveryStream",
    write:
      "CreateDeliveryStream UpdateDestination DeleteDeliveryStream StartDeliveryStreamEncryption StopDeliveryStreamEncryption TagDeliveryStream UntagDeliveryStream",
  },
  {
    types: ["aws:glue/"],
    service: "glue",
    on: regional("glue", "catalog", "database/{name}", "table/{name}/*"),
    read: "GetDatabase GetTable GetTables GetPartitions GetPartitionIndexes GetTags",
    write: "CreateDatabase UpdateDatabase DeleteDatabase CreateTable UpdateTable DeleteTable TagResource UntagResource",
  },
  {
    types: ["aws:athena/"],
    service: "athena",
    on: regional("athena", "workgroup/{name}"),
    read: "GetWorkGroup GetNamedQuery ListTagsForResource",
    write:
      "CreateWorkGroup UpdateWorkGroup DeleteWorkGroup CreateNamedQuery UpdateNamedQuery DeleteNamedQuery TagResource UntagResource",
  },
  {
    types: ["aws:elasticache/"],
    service: "elasticache",
    on: regional(
      "elasticache",
      "serverlesscache:{name}",
      "user:{name}",
      "usergroup:{name}",
      "serverlesscachesnapshot:{name}",
    ),
    read: "DescribeServerlessCaches DescribeUsers DescribeUserGroups ListTagsForResource",
    write:
      "CreateServerlessCache ModifyServerlessCache DeleteServerlessCache CreateUser ModifyUser DeleteUser CreateUserGroup ModifyUserGroup DeleteUserGroup AddTagsToResource RemoveTagsFromResource",
  },
  {
    types: ["aws:quicksight/"],
    service: "quicksight",
    on: regional("quicksight", "datasource/{name}", "dataset/{name}", "dataset/{name}/refresh-schedule/*"),
    read: "DescribeDataSource DescribeDataSourcePermissions DescribeDataSet DescribeDataSetPermissions DescribeDataSetRefreshProperties DescribeRefreshSchedule ListTagsForResource",
    write:
      "CreateDataSource UpdateDataSource UpdateDataSourcePermissions DeleteDataSource PassDataSource CreateDataSet UpdateDataSet UpdateDataSetPermissions DeleteDataSet PassDataSet CreateRefreshSchedule UpdateRefreshSchedule DeleteRefreshSchedule TagResource UntagResource",
  },
  {
    types: ["aws:backup/vault:Vault"],
    service: "backup",
    on: regional("backup", "backup-vault:{name}"),
    read: "DescribeBackupVault ListTags",
    write: "CreateBackupVault DeleteBackupVault TagResource UntagResource",
  },
];
