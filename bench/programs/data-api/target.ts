/** How to reach the Data API under measurement, as it goes from process to process. */
export interface Target {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  target: { resourceArn: string; secretArn: string; database: string };
}
